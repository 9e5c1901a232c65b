"""How a resource type is added to moto's CloudFormation."""

from moto.core.common_models import CloudFormationModel


class Made:
    """A resource that exists: what `Ref` gives, what `GetAtt` gives, how it is removed."""

    def __init__(self, reference, attributes=None, remove=None):
        self.reference = reference
        self.attributes = attributes or {}
        self.remove = remove or (lambda: None)


def model(kind, create, name_property=None):
    """Adds `kind`; `create(name, properties, region) -> Made` makes one resource of it.

    moto looks at direct subclasses only, so each kind is a class of its own.
    """

    def get_cfn_attribute(self, name):
        from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

        if name in self.made.attributes:
            return self.made.attributes[name]
        raise UnformattedGetAttTemplateException()

    def create_it(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        resource = cls()
        resource.made = create(resource_name, cloudformation_json["Properties"], region_name)
        resource.physical_resource_id = resource.made.reference
        return resource

    def update_it(cls, original_resource, new_resource_name, cloudformation_json, account_id,
                  region_name):  # fmt: skip
        original_resource.made.remove()
        return create_it(cls, new_resource_name, cloudformation_json, account_id, region_name)

    def delete_it(cls, resource_name, cloudformation_json, account_id, region_name):
        return None

    members = {
        "__doc__": f"`{kind}`.",
        "has_cfn_attr": classmethod(lambda cls, attr: True),
        "get_cfn_attribute": get_cfn_attribute,
        "cloudformation_name_type": staticmethod(lambda: name_property),
        "cloudformation_type": staticmethod(lambda: kind),
        "create_from_cloudformation_json": classmethod(create_it),
        "update_from_cloudformation_json": classmethod(update_it),
        "delete_from_cloudformation_json": classmethod(delete_it),
        "delete": lambda self, account_id, region_name: self.made.remove(),
    }
    return type(kind.replace("::", ""), (CloudFormationModel,), members)
