//! How AWS itself spells what a plan names: what is spelled otherwise is valid to look at and never met.

use std::net::IpAddr;

/// The callers that `sts:GetCallerIdentity` can name, by service and beginning of the resource ("IAM identifiers",
/// IAM User Guide; a role is named by its session).
const CALLERS: [(&str, &str); 4] =
    [("sts", "assumed-role/"), ("sts", "federated-user/"), ("iam", "user/"), ("iam", "root")];

/// Why nobody is ever called as that approver says, which is an ARN or the beginning of some, up to a `*` at its end.
pub(super) fn never_called(approver: &str) -> Option<String> {
    let (known, open) = match approver.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (approver, false),
    };
    let parts: Vec<&str> = known.splitn(6, ':').collect();
    if let [_, partition, "iam", _, account, resource] = parts[..]
        && let Some(role) = resource.strip_prefix("role/")
    {
        let name = role.rsplit('/').next().unwrap_or(role);
        return Some(format!(
            "names a role, and whoever takes it is called by its session: `arn:{partition}:sts::{account}:assumed-role/{name}/*`"
        ));
    }
    let [_, _, service, _, _, resource] = parts[..] else {
        return (!open).then(|| "is no ARN of a caller".to_owned());
    };
    let begins = |(of, kind): &(&str, &str)| {
        *of == service && (resource.starts_with(kind) || open && kind.starts_with(resource))
    };
    if !CALLERS.iter().any(begins) {
        return Some(
            "is nobody whom STS names: assumed-role/ROLE/SESSION or federated-user/NAME (sts), user/NAME or root (iam)"
                .to_owned(),
        );
    }
    let session = resource.strip_prefix("assumed-role/").map(|rest| rest.contains('/'));
    (session == Some(false) && !open).then(|| {
        format!("names a role without a session, and every caller has one: `{approver}/*`")
    })
}

/// How EC2 keeps that block of addresses; `None`: it is none. EC2 takes one that has bits set behind its length and
/// keeps it without them (AuthorizeSecurityGroupIngress, `CidrIp`: 100.68.0.18/18 becomes 100.68.0.0/18).
pub(super) fn canonical(block: &str) -> Option<String> {
    let (address, length) = block.split_once('/')?;
    let digits = length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
    let length: u32 = length.parse().ok().filter(|_| digits)?;
    match address.parse().ok()? {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
            Some(format!("{}/{length}", std::net::Ipv4Addr::from(u32::from(ip) & mask)))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
            Some(format!("{}/{length}", std::net::Ipv6Addr::from(u128::from(ip) & mask)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_sts_can_name_may_approve_and_nobody_else() {
        let sts = |resource: &str| format!("arn:aws:sts::123456789012:{resource}");
        let iam = |resource: &str| format!("arn:aws-cn:iam::123456789012:{resource}");
        for good in [
            sts("assumed-role/on-call/*"),
            sts("assumed-role/on-call/eve"),
            sts("assumed-role/AWSReservedSSO_Ops_*"),
            sts("federated-user/eve"),
            sts("*"),
            iam("user/eve"),
            iam("user/people/eve"),
            iam("root"),
            "arn:aws:sts::*".to_owned(),
            "arn:*".to_owned(),
        ] {
            assert_eq!(never_called(&good), None, "{good}");
        }
        for (bad, says) in [
            (iam("role/on-call"), "`arn:aws-cn:sts::123456789012:assumed-role/on-call/*`"),
            (iam("role/people/on-call"), "assumed-role/on-call/*`"),
            (iam("role/on-call*"), "assumed-role/on-call/*`"),
            (sts("assumed-role/on-call"), "assumed-role/on-call/*`"),
            (iam("group/ops"), "nobody whom STS names"),
            ("arn:aws:iam::123456789012".to_owned(), "no ARN of a caller"),
        ] {
            let why = never_called(&bad).unwrap_or_default();
            assert!(why.contains(says), "{bad}: {why}");
        }
    }

    #[test]
    fn a_block_is_spelled_as_ec2_keeps_it() {
        for (block, kept) in [
            ("10.0.0.0/16", Some("10.0.0.0/16")),
            ("100.68.0.18/18", Some("100.68.0.0/18")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("10.1.2.3/32", Some("10.1.2.3/32")),
            ("2001:DB8:0::1/64", Some("2001:db8::/64")),
            ("::/0", Some("::/0")),
            ("10.0.0.0/33", None),
            ("10.0.0/16", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0", None),
            ("::1/129", None),
        ] {
            assert_eq!(canonical(block).as_deref(), kept, "{block}");
        }
    }
}
