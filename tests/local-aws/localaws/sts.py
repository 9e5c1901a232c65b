"""Who calls: the identity that belongs to the access key, once the signature is its own.

Of all services this one alone verifies signatures: whoever asks it for another needs the answer to be right.
"""

import hashlib
import hmac
import os
import re
from urllib.parse import parse_qsl, quote, urlsplit
from xml.sax.saxutils import escape

from localaws.errors import Answer, Refusal

ACCOUNT = "123456789012"
# What the functions, the rehearsals and the tests are given.
SECRETS = ("local", "rehearsal", "test")
_PARTS = re.compile(
    r"^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/sts/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$"
)
_FORM = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>{arn}</Arn>
    <UserId>{user}</UserId>
    <Account>{account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>
"""


def arn(access_key):
    """A user of the access key's name: nobody else has it."""
    return f"arn:aws:iam::{ACCOUNT}:user/{access_key}"


def caller_identity(call):
    """Answers whose signature a call bears, however it came by it."""
    parts = _PARTS.match(call.headers.get("authorization", ""))
    if parts is None:
        raise Refusal("IncompleteSignature", "The request signature does not conform to AWS standards.", 400)
    key, day, region, names, given = parts.groups()
    request = _canonical(call, names)
    scope = f"{day}/{region}/sts/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{call.signed_at}\n{scope}\n{digest}"
    secrets = {*SECRETS, os.environ.get("AWS_SECRET_ACCESS_KEY", "local")}
    if not any(hmac.compare_digest(_signature(s, day, region, text), given) for s in secrets):
        words = ("The request signature we calculated does not match the signature you provided."
                 " Check your AWS Secret Access Key and signing method.")  # fmt: skip
        raise Refusal("SignatureDoesNotMatch", words, 403)
    body = _FORM.format(arn=escape(arn(key)), user=escape(key), account=ACCOUNT, request=call.id)
    return Answer(200, body.encode(), {"Content-Type": "text/xml"})


def _canonical(call, names):
    """The request as it was signed: IAM user guide, "Create a signed AWS API request"."""
    place = urlsplit(call.target)
    pairs = sorted(parse_qsl(place.query, keep_blank_values=True))
    query = "&".join(f"{quote(n, '-_.~')}={quote(v, '-_.~')}" for n, v in pairs)
    headers = "".join(
        f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in names.split(";")
    )
    payload = hashlib.sha256(call.body).hexdigest()
    return f"{call.method}\n{place.path or '/'}\n{query}\n{headers}\n{names}\n{payload}"


def _signature(secret, day, region, text):
    key = f"AWS4{secret}".encode()
    for part in (day, region, "sts", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
