//! Where a workload lives: starts towards it, leases that follow it, and plans that name other sides.

use leeward_core::ids::Side;
use leeward_core::journal::Entry;
use leeward_core::table::{Key, lease_key};
use leeward_core::world::{Change, LeaseView, Question, View};

use super::*;

const TABLE: &str = "leeward-writer-lease";
const MOVE: [&str; 9] = [
    "lease",
    "move",
    "orders",
    "--table",
    "lease-two",
    "--region",
    "eu-west-1",
    "--reason",
    "rent",
];

fn item(rig: &Rig, table: &str) -> Option<LeaseView> {
    let key = lease_key(&WorkloadId::new("orders")).into();
    let question = Question::Lease { region: "eu-west-1".into(), table: table.into(), key };
    match rig.world.peek(&question) {
        Some(View::Lease(view)) => view,
        other => panic!("{other:?}"),
    }
}

fn owner(rig: &Rig, table: &str) -> String {
    item(rig, table).map_or_else(|| "none".to_owned(), |view| view.owner.to_string())
}

/// Recovered to the standby by the evidence, the old primary back and fenced, a person has looked.
fn away(name: &str) -> Rig {
    let rig = Rig::unattended(name);
    rig.kill_primary();
    rig.live(Span::minutes(8));
    rig.well(&["run", "orders"]);
    rig.world.set_region(&"us-east-1".into(), RegionState::Well);
    rig.live(Span::minutes(2));
    rig.well(&["ack", "orders", "--reason", "seen"]);
    rig
}

/// A start that nobody works on yet.
fn start(rig: &Rig, direction: &str, again: bool) -> Value {
    let mut words = vec!["start", "orders", "--direction", direction, "--reason", "by hand"];
    words.extend(again.then_some("--again"));
    rig.well(&words);
    let (_, input) = rig.executions.take_started().pop().unwrap();
    let trigger: Value = serde_json::from_str(&input).unwrap();
    let event =
        json!({ "leeward": "detect", "schema": 1, "executor": "someone", "trigger": trigger });
    let handler = rig.handlers["DetectorFunction"].clone();
    block_on(&rig.clock, handler(event)).unwrap().unwrap()
}

fn generations(rig: &Rig) -> u64 {
    (1..9).take_while(|n| !rig.table.stored(&format!("G#orders#{n}"), "").is_empty()).count() as u64
}

/// The person meant the way home, or said it twice, and gives it up before its commit.
fn slipped(name: &str) -> Rig {
    let rig = away(name);
    assert_eq!(start(&rig, "to-standby", true)["status"], "go");
    rig.well(&["abandon", "orders", "--generation", "2", "--reason", "forgot the direction"]);
    rig
}

#[test]
fn a_start_towards_the_side_where_it_lives_is_refused_with_the_way_home() {
    let rig = away("start-there");
    let answer = start(&rig, "to-standby", false);
    assert_eq!((answer["status"].as_str(), generations(&rig)), (Some("refused"), 1));
    let why = answer["reason"].to_string();
    assert!(why.contains("lives in us-west-2 already (generation 1 brought it)"), "{why}");
    let home = "leeward start orders --plan orders-region --direction to-primary --reason …";
    assert!(why.contains(home) && why.contains("`--again`"), "{why}");
    // What it names is admitted, each.
    assert_eq!(start(&rig, "to-primary", false)["status"], "go");
    let rig = away("start-again");
    assert_eq!(start(&rig, "to-standby", true)["status"], "go");

    let rig = Rig::unattended("start-home");
    let answer = start(&rig, "to-primary", false);
    assert_eq!((answer["status"].as_str(), generations(&rig)), (Some("refused"), 0));
    assert!(answer["reason"].to_string().contains("lives in us-east-1 already"), "{answer}");
}

#[test]
fn a_start_that_was_given_up_leaves_the_lease_with_whom_it_was() {
    let rig = slipped("slip-move");
    assert!(rig.book(2).state.away_from_home());
    let status = rig.well(&["assess", "orders"]).lines.join("\n");
    assert!(status.contains("lives away from home since generation 1"), "{status}");
    rig.well(&MOVE);
    assert_eq!(
        (owner(&rig, TABLE), owner(&rig, "lease-two")),
        ("moved".into(), "us-west-2".into())
    );

    let rig = slipped("slip-gone");
    rig.world.take_lease(TABLE);
    rig.well(&["plan", "put", &rig.file.display().to_string()]);
    assert_eq!(owner(&rig, TABLE), "us-west-2");
    for _ in 0..30 {
        rig.world.pass(Span::seconds(1));
        assert!(!rig.world.accepts(&"orders-db".into(), Side::Primary), "its copy is stale");
    }
    assert!(rig.world.accepts(&"orders-db".into(), Side::Standby));
}

#[test]
fn a_start_to_the_home_that_was_given_up_there_leaves_it_protected() {
    let rig = Rig::unattended("slip-home");
    assert_eq!(start(&rig, "to-primary", true)["status"], "go");
    rig.well(&["abandon", "orders", "--reason", "wrong"]);
    rig.well(&["ack", "orders", "--reason", "seen"]);
    assert!(!rig.book(1).state.away_from_home());
    rig.well(&MOVE);
    assert_eq!(owner(&rig, "lease-two"), "us-east-1");

    let rig = Rig::unattended("slip-home-dead");
    start(&rig, "to-primary", true);
    rig.well(&["abandon", "orders", "--reason", "wrong"]);
    rig.well(&["ack", "orders", "--reason", "seen"]);
    rig.kill_primary();
    rig.live(Span::minutes(10));
    assert_eq!(rig.book(2).state.decision.target.as_str(), "us-west-2", "the evidence opened it");
}

/// The team goes home by hand and is not seen there yet: no replica on the standby.
fn home_by_hand(rig: &Rig) {
    let view = item(rig, TABLE).unwrap();
    rig.world.rebuild_replica(&"orders-db".into(), Side::Primary);
    rig.live(Span::minutes(2));
    let moved = Change::MoveLease {
        region: "eu-west-1".into(),
        table: TABLE.into(),
        key: lease_key(&WorkloadId::new("orders")).into(),
        from_owner: view.owner.clone(),
        from_epoch: view.epoch,
        to_owner: "us-east-1".into(),
        effect: String::new().into(),
    };
    rig.world.by_hand(&moved).unwrap();
    let (region, instance) = ("us-east-1".into(), "orders-db".into());
    rig.world.by_hand(&Change::PromoteReplica { region, instance }).unwrap();
    rig.live(Span::minutes(12));
}

#[test]
fn a_lease_whose_item_and_journals_differ_is_not_moved_and_the_way_that_is_told_is_open() {
    let rig = away("move-differs");
    home_by_hand(&rig);
    let no = rig.refused(&MOVE);
    assert!(no.message.contains("names us-east-1 (epoch 4)"), "{no}");
    assert!(no.message.contains("lives in us-west-2 (as of generation 1)"), "{no}");
    assert_eq!((owner(&rig, TABLE), owner(&rig, "lease-two")), ("us-east-1".into(), "none".into()));
    assert!(no.message.contains("--direction to-primary --reason …` finds it there"), "{no}");
    assert_eq!(start(&rig, "to-primary", false)["status"], "go");
    let _ = rig.ask(&["run", "orders"]);
    rig.well(&MOVE);
    assert_eq!(owner(&rig, "lease-two"), "us-east-1");
}

#[test]
fn a_lease_that_was_moved_without_its_plan_is_told_of_and_asked_about_with_the_command() {
    let rig = Rig::unattended("move-forgot");
    rig.well(&MOVE);
    rig.live(Span::minutes(1));
    let words = "was moved to table lease-two (eu-west-1)";
    let with = "with `table: lease-two` and `region: eu-west-1`, at once: `leeward plan put FILE…`";
    let refusals = rig.table.stored("W#orders", "REFUSED#");
    let told = refusals.iter().filter(|item| item.body.contains(words)).count();
    assert_eq!(told, 1, "{refusals:?}");
    for verb in ["assess", "status"] {
        let said = rig.ask(&[verb, "orders"]).unwrap().lines.join("\n");
        assert!(said.contains(words) && said.contains(with), "{verb}: {said}");
    }
    let text = orders().replace("for: one-way", "for: none").replace(TABLE, "lease-two");
    std::fs::write(&rig.file, text).unwrap();
    rig.well(&["plan", "put", &rig.file.display().to_string()]);
    rig.live(Span::minutes(2));
    let said = rig.ask(&["assess", "orders"]).unwrap().lines.join("\n");
    assert!(!said.contains("asks      a person"), "{said}");
}

#[test]
fn a_lease_whose_owner_is_no_side_of_the_plan_is_asked_about() {
    let rig = Rig::unattended("strange-owner");
    let view = item(&rig, TABLE).unwrap();
    let moved = Change::MoveLease {
        region: "eu-west-1".into(),
        table: TABLE.into(),
        key: lease_key(&WorkloadId::new("orders")).into(),
        from_owner: view.owner,
        from_epoch: view.epoch,
        to_owner: "eu-south-1".into(),
        effect: String::new().into(),
    };
    rig.world.by_hand(&moved).unwrap();
    rig.live(Span::minutes(3));
    for verb in ["assess", "status"] {
        let said = rig.ask(&[verb, "orders"]).unwrap().lines.join("\n");
        assert!(said.contains("is held by eu-south-1, which is no side of plan"), "{said}");
    }
}

/// The shipped plan with its sides exchanged, for people who stay where they were moved to.
fn exchanged() -> String {
    let mut plan: Value =
        serde_json::to_value(parse(&orders().replace("for: one-way", "for: none")).unwrap())
            .unwrap();
    plan = turned(&plan);
    // The replica that is looked at lives in the new shelter; the old home's own alarms are left out.
    let voters = plan["detection"]["voters"].as_array_mut().unwrap();
    voters.retain(|voter| voter["region"] != "us-east-1");
    for voter in voters.iter_mut().filter(|voter| voter["id"] == "replica") {
        voter["region"] = json!("us-east-1");
    }
    // The records are exchanged, with a metric of their own.
    plan["traffic"]["controls"][0]["metric"] = json!("StopWest");
    plan.to_string()
}

fn turned(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut map: serde_json::Map<String, Value> =
                map.iter().map(|(key, value)| (key.clone(), turned(value))).collect();
            if let (Some(p), Some(s)) = (map.get("primary").cloned(), map.get("standby").cloned()) {
                map.insert("primary".to_owned(), s);
                map.insert("standby".to_owned(), p);
            }
            Value::Object(map)
        }
        Value::Array(all) => Value::Array(all.iter().map(turned).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn put_exchanged(rig: &Rig) -> Result<Answer, Trouble> {
    std::fs::write(&rig.file, exchanged()).unwrap();
    rig.ask(&["plan", "put", &rig.file.display().to_string()])
}

fn in_force(rig: &Rig) -> String {
    rig.well(&["plan", "show"]).lines.join("\n")
}

#[test]
fn a_plan_with_its_sides_exchanged_is_put_where_the_workload_lives_and_has_its_replica() {
    let rig = Rig::unattended("exchange-home");
    let no = put_exchanged(&rig).unwrap_err();
    assert!(no.message.contains("not seen to live in us-west-2"), "no journal tells: {no}");
    assert!(in_force(&rig).contains("us-east-1 → us-west-2"));

    let rig = away("exchange");
    let no = put_exchanged(&rig).unwrap_err();
    assert!(
        no.message.contains("It is not seen to live in us-west-2, with a replica in us-east-1"),
        "{no}"
    );
    assert!(in_force(&rig).contains("us-east-1 → us-west-2"), "nothing is stored");
    rig.world.rebuild_replica(&"orders-db".into(), Side::Primary);
    rig.live(Span::minutes(3));
    let metric = exchanged().replace("StopWest", "Stop");
    std::fs::write(&rig.file, metric).unwrap();
    let no = rig.refused(&["plan", "put", &rig.file.display().to_string()]);
    assert!(no.message.contains("may stand at 1 still"), "{no}");
    let answer = put_exchanged(&rig).unwrap();
    assert_eq!(answer.exit, Exit::Well, "{:#?}", answer.lines);
    assert!(answer.lines.join("\n").contains("the home of orders is changed"), "{answer:#?}");
    let book = rig.book(1);
    let Some(Entry::SeenAtHome { evidence, .. }) = book.records.last().map(|r| &r.entry) else {
        panic!("{book:?}")
    };
    assert!(evidence.contains("us-west-2 holds the lease"), "{evidence}");
    assert!(!book.state.away_from_home());

    // The home is where it lives, for whoever asks.
    let said = rig.well(&["status", "orders"]).lines.join("\n");
    assert!(!said.contains("AWAY") && !said.contains("to-primary"), "{said}");
    let answer = start(&rig, "to-primary", false);
    assert!(answer["reason"].to_string().contains("lives in us-west-2 already"), "{answer}");
    rig.well(&MOVE);
    assert_eq!(owner(&rig, "lease-two"), "us-west-2");
    // And the way back to the old sides leads over a recovery there.
    std::fs::write(
        &rig.file,
        orders().replace("for: one-way", "for: none").replace(TABLE, "lease-two"),
    )
    .unwrap();
    let no = rig.refused(&["plan", "put", &rig.file.display().to_string()]);
    assert!(no.message.contains("lives in us-west-2") && no.message.contains("to-standby"), "{no}");
}

#[test]
fn an_exchanged_plan_that_got_in_by_another_way_opens_nothing_and_people_are_told() {
    let rig = away("exchange-smuggled");
    std::fs::write(&rig.file, exchanged()).unwrap();
    let plan: Plan = parse(&exchanged()).unwrap();
    let body = serde_json::to_string(&plan).unwrap();
    let digest = leeward_core::journal::chain::digest(body.as_bytes());
    for key in [Key::plan_version(&plan.plan, &digest), Key::plan_listed(&plan.plan)] {
        let item = leeward_ports::Item { key, body: body.clone(), n: 1, nonce: String::new() };
        rig.table.put_by_hand(item);
    }
    rig.live(Span::minutes(3));
    let words = "are not the sides by which the journals of orders speak: it lives in us-west-2";
    let refusals = rig.table.stored("W#orders", "REFUSED#");
    assert!(refusals.iter().any(|item| item.body.contains(words)), "{refusals:?}");
    let said = rig.well(&["status", "orders"]).lines.join("\n");
    assert!(said.contains(words), "{said}");
    for way in ["to-primary", "to-standby"] {
        assert!(start(&rig, way, true)["reason"].to_string().contains(words), "{way}");
    }
    // It is no sight of home, however well its replica is.
    rig.world.rebuild_replica(&"orders-db".into(), Side::Primary);
    rig.live(Span::minutes(90));
    assert!(rig.book(1).state.seen_at_home.is_none());
    assert_eq!((generations(&rig), rig.book(1).state.away_from_home()), (1, true));
    // Put by the command, it has what it needs.
    put_exchanged(&rig).unwrap();
    assert!(!rig.book(1).state.away_from_home());
    rig.live(Span::minutes(2));
    let said = rig.well(&["status", "orders"]).lines;
    assert!(!said.iter().any(|line| line.starts_with("  asks")), "{said:#?}");
}
