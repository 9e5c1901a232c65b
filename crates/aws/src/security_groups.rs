//! Security groups: who may reach the database's port.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, UserIdGroupPair,
};
use leeward_core::ids::{Region, Text};
use leeward_core::plan::SecurityGroupRules;
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, InboundRule, Question, Receipt, Source, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// Protocol of a rule that lets everything through.
const EVERY_PROTOCOL: &str = "-1";
/// A source that the answer does not name lets in all the same.
const UNNAMED: &str = "(a source without a name)";

pub(crate) struct SecurityGroups(Clients);

impl SecurityGroups {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    async fn group(&self, region: &Region, group: &str) -> Result<SecurityGroup, Fault> {
        let answer = self
            .0
            .client(region, Client::new)
            .describe_security_groups()
            .group_ids(group)
            .send()
            .await
            .map_err(|e| Fault::of(&e))?;
        let found = answer.security_groups().iter().find(|g| g.group_id() == Some(group));
        found.cloned().ok_or_else(|| Fault {
            kind: ChangeErrorKind::Refused,
            code: "InvalidGroup.NotFound".to_owned(),
            message: format!("the answer does not tell of {group}; nothing was changed"),
        })
    }
}

/// Everyone whom a rule on exactly that port, or on more, lets in: address blocks, members of groups, also of
/// peered accounts, and prefix lists.
fn admitted(group: &SecurityGroup, port: u16) -> Vec<InboundRule> {
    let mut all = Vec::new();
    for rule in group.ip_permissions().iter().filter(|rule| covers(rule, port)) {
        let wider = wider(rule, port);
        let mut add = |source: Source, description: Option<&str>| {
            let description = description.filter(|d| !d.is_empty()).map(Text::from);
            all.push(InboundRule { source, wider: wider.clone(), description });
        };
        for range in rule.ip_ranges() {
            add(Source::Cidr(range.cidr_ip().unwrap_or(UNNAMED).into()), range.description());
        }
        for range in rule.ipv6_ranges() {
            add(Source::Cidr(range.cidr_ipv6().unwrap_or(UNNAMED).into()), range.description());
        }
        for pair in rule.user_id_group_pairs() {
            add(Source::Group(member_of(pair, group.owner_id())), pair.description());
        }
        for list in rule.prefix_list_ids() {
            let name = list.prefix_list_id().unwrap_or(UNNAMED);
            add(Source::PrefixList(name.into()), list.description());
        }
    }
    all.sort();
    all.dedup();
    all
}

/// A group by its id, with its account before it where that is another's.
fn member_of(pair: &UserIdGroupPair, owner: Option<&str>) -> Text {
    let group = pair.group_id().or(pair.group_name()).unwrap_or(UNNAMED);
    match pair.user_id() {
        Some(account) if owner.is_some_and(|owner| owner != account) => {
            format!("{account}/{group}").into()
        }
        Some(_) | None => group.into(),
    }
}

/// What a rule covers beside that one port; `None`: nothing.
fn wider(rule: &IpPermission, port: u16) -> Option<Text> {
    let port = i32::from(port);
    match (rule.ip_protocol(), rule.from_port(), rule.to_port()) {
        (Some("tcp" | "6"), Some(from), Some(to)) if (from, to) == (port, port) => None,
        (Some("tcp" | "6"), Some(from), Some(to)) => Some(format!("tcp {from}-{to}").into()),
        (Some("tcp" | "6"), _, _) => Some("all of tcp".into()),
        (_, _, _) => Some("all traffic".into()),
    }
}

fn covers(rule: &IpPermission, port: u16) -> bool {
    let port = i32::from(port);
    match rule.ip_protocol() {
        Some(EVERY_PROTOCOL) => true,
        Some("tcp" | "6") => {
            rule.from_port().is_none_or(|from| from <= port)
                && rule.to_port().is_none_or(|to| port <= to)
        }
        Some(_) | None => false,
    }
}

/// The sources that a rule on exactly that port names: those that one request can take away and give back.
fn exact(group: &SecurityGroup, port: u16) -> BTreeSet<Text> {
    let rules = admitted(group, port).into_iter().filter(|rule| rule.wider.is_none());
    rules.map(|rule| rule.source.name().clone()).collect()
}

fn permission(rules: &SecurityGroupRules, descriptions: &BTreeMap<Text, Text>) -> IpPermission {
    let port = i32::from(rules.port);
    let mut permission = IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port);
    let said = |source: &Text| descriptions.get(source).map(ToString::to_string);
    for cidr in &rules.cidrs {
        permission = if cidr.contains(':') {
            let range = Ipv6Range::builder().cidr_ipv6(cidr.as_str());
            permission.ipv6_ranges(range.set_description(said(cidr)).build())
        } else {
            let range = IpRange::builder().cidr_ip(cidr.as_str());
            permission.ip_ranges(range.set_description(said(cidr)).build())
        };
    }
    for group in &rules.groups {
        let pair = UserIdGroupPair::builder().set_description(said(group));
        let pair = match group.split_once('/') {
            Some((account, group)) => pair.user_id(account).group_id(group),
            None => pair.group_id(group.as_str()),
        };
        permission = permission.user_id_group_pairs(pair.build());
    }
    for list in &rules.prefix_lists {
        let id = PrefixListId::builder().prefix_list_id(list.as_str());
        permission = permission.prefix_list_ids(id.set_description(said(list)).build());
    }
    permission.build()
}

fn nothing_to_do() -> Receipt {
    Receipt { id: "nothing to change".into() }
}

#[async_trait]
impl Part for SecurityGroups {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Ingress { region, group, port } = question else {
            return Err(not_asked_here(question));
        };
        let group = self.group(region, group).await.map_err(|fault| fault.blind(question))?;
        Ok(View::Ingress(admitted(&group, *port)))
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        if let Change::RevokeIngress { region, rules } = change {
            let there = exact(&self.group(region, &rules.group).await.map_err(unsent)?, rules.port);
            // EC2 refuses a batch in which one rule is gone already: only those that stand are sent.
            let standing = rules.only(|source| there.contains(source));
            if standing.is_empty() {
                return Ok(nothing_to_do());
            }
            let revoke = self
                .0
                .client(region, Client::new)
                .revoke_security_group_ingress()
                .group_id(rules.group.as_str())
                .ip_permissions(permission(&standing, &BTreeMap::new()));
            return send_effect!(aws_sdk_ec2, Limits::EFFECT, frozen, revoke);
        }
        let Change::AuthorizeIngress { region, rules, descriptions } = change else {
            return Err(not_wired(change));
        };
        let there = exact(&self.group(region, &rules.group).await.map_err(unsent)?, rules.port);
        // Nor does it take one that stands already.
        let missing = rules.only(|source| !there.contains(source));
        if missing.is_empty() {
            return Ok(nothing_to_do());
        }
        let authorize = self
            .0
            .client(region, Client::new)
            .authorize_security_group_ingress()
            .group_id(rules.group.as_str())
            .ip_permissions(permission(&missing, descriptions));
        send_effect!(aws_sdk_ec2, Limits::EFFECT, frozen, authorize)
    }
}

/// The look before the change failed, so the change was not sent; later may work.
fn unsent(fault: Fault) -> ChangeError {
    let kind = match fault.kind {
        ChangeErrorKind::Refused => ChangeErrorKind::Refused,
        ChangeErrorKind::Throttled
        | ChangeErrorKind::NotInState
        | ChangeErrorKind::Conflict
        | ChangeErrorKind::Lost => ChangeErrorKind::Throttled,
    };
    let message = format!("the look before it failed, so nothing was sent: {}", fault.message);
    ChangeError { kind, code: fault.code.into(), message: message.into() }
}
