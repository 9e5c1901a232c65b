//! Changes that are not plainly accepted: sent once all the same, and each answer means what it says.

use leeward_core::world::{Change, ChangeErrorKind};
use leeward_ports::Outside;

use super::effects::{change_records, global, move_lease, reserve, singles, world};
use super::wire::Reply;
use super::{clients, frozen, impatient_clients};

#[tokio::test]
async fn no_change_is_sent_twice_and_each_answer_means_what_it_says() {
    let everywhere = [
        (Reply::Broken, ChangeErrorKind::Lost),
        (Reply::new(500, "oops"), ChangeErrorKind::Lost),
        (Reply::new(503, ""), ChangeErrorKind::Lost),
        (Reply::new(429, ""), ChangeErrorKind::Throttled),
    ];
    for (change, _, _) in singles() {
        for (reply, kind) in &everywhere {
            let (clients, wire) = clients(vec![reply.clone()]);
            let error = world(&clients).change(&change, frozen()).await.unwrap_err();
            assert_eq!(error.kind, *kind, "{change} on {reply:?}: {error}");
            assert_eq!(wire.sent().len(), 1, "{change} on {reply:?}");
        }
        let (clients, wire) = impatient_clients(vec![Reply::Silence]);
        let error = world(&clients).change(&change, frozen()).await.unwrap_err();
        assert_eq!(error.kind, ChangeErrorKind::Lost, "{change} on silence: {error}");
        assert_eq!(wire.sent().len(), 1, "{change} on silence");
    }
}

#[tokio::test]
async fn documented_errors_are_told_apart() {
    use ChangeErrorKind::{Conflict, NotInState, Refused, Throttled};
    let promote =
        || Change::PromoteReplica { region: "us-west-2".into(), instance: "orders-west".into() };
    let start = || Change::StartInstances { region: "us-west-2".into(), ids: vec!["i-1".into()] };
    let batch = |words: &str| {
        Reply::new(
            400,
            format!(
                "<InvalidChangeBatch xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Messages><Message>{words}</Message></Messages>\
                 <RequestId>req-1</RequestId></InvalidChangeBatch>"
            ),
        )
    };
    let stale = "Tried to delete resource record set [name='_leeward', type='TXT'] but the values \
                 provided do not match the current values";
    let gone =
        "Tried to delete resource record set [name='_leeward', type='TXT'] but it was not found";
    let cases = [
        (move_lease(), Reply::json_error(400, "ConditionalCheckFailedException"), Conflict),
        (move_lease(), Reply::json_error(400, "ReplicatedWriteConflictException"), Throttled),
        (promote(), Reply::xml_error(400, "InvalidDBInstanceState"), NotInState),
        (promote(), Reply::xml_error(404, "DBInstanceNotFound"), Refused),
        (promote(), Reply::xml_error(400, "Throttling"), Throttled),
        (promote(), Reply::xml_error(403, "AccessDenied"), Refused),
        (promote(), Reply::xml_error(403, "SignatureDoesNotMatch"), Refused),
        (promote(), Reply::xml_error(400, "RequestExpired"), Throttled),
        (promote(), Reply::xml_error(403, "ExpiredToken"), Throttled),
        (global(false), Reply::xml_error(400, "InvalidGlobalClusterStateFault"), NotInState),
        (global(true), Reply::xml_error(400, "InvalidDBClusterStateFault"), NotInState),
        (start(), Reply::ec2_error(400, "IncorrectInstanceState"), NotInState),
        (start(), Reply::ec2_error(503, "RequestLimitExceeded"), Throttled),
        (start(), Reply::ec2_error(500, "InsufficientInstanceCapacity"), Throttled),
        (reserve(Some(1)), Reply::json_error(429, "TooManyRequestsException"), Throttled),
        (reserve(Some(1)), Reply::json_error(409, "ResourceConflictException"), Throttled),
        (change_records(), batch(stale), Conflict),
        (change_records(), batch(gone), Conflict),
        (change_records(), Reply::xml_error_saying("InvalidChangeBatch", stale), Conflict),
        (change_records(), batch("RRSet of type CNAME is not permitted at apex"), Refused),
        (change_records(), Reply::xml_error(400, "PriorRequestNotComplete"), Throttled),
        (change_records(), Reply::xml_error(404, "NoSuchHostedZone"), Refused),
    ];
    for (change, reply, kind) in cases {
        let told = format!("{change} on {reply:?}");
        let (clients, wire) = clients(vec![reply]);
        let error = world(&clients).change(&change, frozen()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{told}: {error}");
        assert!(error.message.contains("req-1"), "{told}: {error}");
        assert_eq!(wire.sent().len(), 1, "{told}");
    }
}

#[tokio::test]
async fn a_connection_that_never_came_about_sent_nothing() {
    // Port 1 of this machine refuses; the real HTTP client says so in its own way.
    let error = world(&super::real_clients("http://127.0.0.1:1"))
        .change(&move_lease(), frozen())
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ChangeErrorKind::Throttled, "ConnectFailure"));
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let (clients, wire) = super::clients_without_keys(vec![]);
    let error = world(&clients).change(&move_lease(), frozen()).await.unwrap_err();
    let told = (error.kind, error.code.as_str());
    assert_eq!(told, (ChangeErrorKind::Refused, "CredentialsNotLoaded"), "{error}");
    assert!(wire.sent().is_empty());
}
