//! Security groups: who may reach the database's port.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range};
use leeward_core::ids::{Region, Text};
use leeward_core::plan::SecurityGroupRules;
use leeward_core::world::{Blind, Change, ChangeError, ChangeErrorKind, Question, Receipt, View};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// Protocol of a rule that lets everything through.
const EVERY_PROTOCOL: &str = "-1";

pub(crate) struct SecurityGroups(Clients);

impl SecurityGroups {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    async fn rules(&self, region: &Region, group: &str) -> Result<Vec<IpPermission>, Fault> {
        let answer = self
            .0
            .client(region, Client::new)
            .describe_security_groups()
            .group_ids(group)
            .send()
            .await
            .map_err(|e| Fault::of(&e))?;
        let found = answer.security_groups().iter().find(|g| g.group_id() == Some(group));
        found.map(|g| g.ip_permissions().to_vec()).ok_or_else(|| Fault {
            kind: ChangeErrorKind::Refused,
            code: "InvalidGroup.NotFound".to_owned(),
            message: format!("the answer does not tell of {group}; nothing was changed"),
        })
    }
}

/// Everyone whom a rule on exactly that port, or on more, lets in: CIDR blocks, and the ids of
/// groups and prefix lists, since those let in too.
fn admitted(rules: &[IpPermission], port: u16) -> BTreeSet<Text> {
    let mut sources = BTreeSet::new();
    for rule in rules.iter().filter(|rule| covers(rule, port)) {
        let v4 = rule.ip_ranges().iter().filter_map(|r| r.cidr_ip());
        let v6 = rule.ipv6_ranges().iter().filter_map(|r| r.cidr_ipv6());
        let groups = rule.user_id_group_pairs().iter().filter_map(|p| p.group_id());
        let lists = rule.prefix_list_ids().iter().filter_map(|p| p.prefix_list_id());
        sources.extend(v4.chain(v6).chain(groups).chain(lists).map(Text::from));
    }
    sources
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

/// The CIDR blocks that a rule on exactly that port names: those that one request can take away.
fn exact(rules: &[IpPermission], port: u16) -> BTreeSet<Text> {
    let port_only = |rule: &&IpPermission| {
        matches!(rule.ip_protocol(), Some("tcp" | "6"))
            && rule.from_port() == Some(i32::from(port))
            && rule.to_port() == Some(i32::from(port))
    };
    let rules: Vec<IpPermission> = rules.iter().filter(port_only).cloned().collect();
    admitted(&rules, port)
}

fn permission(port: u16, cidrs: &[&Text]) -> IpPermission {
    let mut permission = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(i32::from(port))
        .to_port(i32::from(port));
    for cidr in cidrs {
        permission = if cidr.contains(':') {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr.as_str()).build())
        } else {
            permission.ip_ranges(IpRange::builder().cidr_ip(cidr.as_str()).build())
        };
    }
    permission.build()
}

/// EC2 refuses a batch in which one rule already stands (or is gone already), so only the
/// difference is sent.
fn missing<'a>(rules: &'a SecurityGroupRules, there: &BTreeSet<Text>) -> Vec<&'a Text> {
    rules.cidrs.iter().filter(|cidr| !there.contains(*cidr)).collect()
}

fn present<'a>(rules: &'a SecurityGroupRules, there: &BTreeSet<Text>) -> Vec<&'a Text> {
    rules.cidrs.iter().filter(|cidr| there.contains(*cidr)).collect()
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
        let rules = self.rules(region, group).await.map_err(|fault| fault.blind(question))?;
        Ok(View::Cidrs(admitted(&rules, *port).into_iter().collect()))
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        if let Change::RevokeIngress { region, rules } = change {
            let there = exact(&self.rules(region, &rules.group).await.map_err(unsent)?, rules.port);
            let cidrs = present(rules, &there);
            if cidrs.is_empty() {
                return Ok(nothing_to_do());
            }
            let revoke = self
                .0
                .client(region, Client::new)
                .revoke_security_group_ingress()
                .group_id(rules.group.as_str())
                .ip_permissions(permission(rules.port, &cidrs));
            return send_effect!(aws_sdk_ec2, Limits::EFFECT, frozen, revoke);
        }
        let Change::AuthorizeIngress { region, rules } = change else {
            return Err(not_wired(change));
        };
        let there = exact(&self.rules(region, &rules.group).await.map_err(unsent)?, rules.port);
        let cidrs = missing(rules, &there);
        if cidrs.is_empty() {
            return Ok(nothing_to_do());
        }
        let authorize = self
            .0
            .client(region, Client::new)
            .authorize_security_group_ingress()
            .group_id(rules.group.as_str())
            .ip_permissions(permission(rules.port, &cidrs));
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
