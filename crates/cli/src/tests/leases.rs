//! `plan put` and `lease`: one item names the owner, wherever it is.

use leeward_core::contract::{ProvideOutput, ProvideRequest};
use leeward_core::ids::{Region, Side};
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::table::lease_key;
use leeward_core::world::{ChangeError, LeaseView, Question, View};
use leeward_ports::fake::Fate;
use leeward_ports::{Frozen, Made, NewLease, Provisioner, Provisions};

use super::*;

const TABLE: &str = "leeward-writer-lease";

/// The lease's item in that table, as it truly is.
fn item(rig: &Rig, table: &str) -> Option<LeaseView> {
    let key = lease_key(&WorkloadId::new("orders")).into();
    let question = Question::Lease { region: "eu-west-1".into(), table: table.into(), key };
    match rig.world.peek(&question) {
        Some(View::Lease(view)) => view,
        other => panic!("{other:?}"),
    }
}

/// Owner and epoch in each of the two tables.
fn owners(rig: &Rig) -> [Option<(String, u64)>; 2] {
    [TABLE, "lease-two"].map(|table| item(rig, table).map(|v| (v.owner.to_string(), v.epoch)))
}

fn held(owner: &str, epoch: u64) -> Option<(String, u64)> {
    Some((owner.to_owned(), epoch))
}

/// Recovered to the standby by evidence, the primary back and fenced.
fn away(name: &str) -> Rig {
    let rig = Rig::unattended(name);
    rig.kill_primary();
    rig.live(Span::minutes(8));
    rig.well(&["run", "orders"]);
    rig.world.set_region(&"us-east-1".into(), RegionState::Well);
    rig.live(Span::minutes(2));
    assert_eq!(owners(&rig), [held("us-west-2", 3), None]);
    rig
}

/// Writes the same plan with something otherwise, and gives the file.
fn otherwise(rig: &Rig, from: &str, to: &str) -> String {
    let text = orders().replace("for: one-way", "for: none");
    assert!(text.contains(from), "{from}");
    std::fs::write(&rig.file, text.replace(from, to)).unwrap();
    rig.file.display().to_string()
}

fn to_table_two(reason: &str) -> Vec<&str> {
    vec![
        "lease",
        "move",
        "orders",
        "--table",
        "lease-two",
        "--region",
        "eu-west-1",
        "--reason",
        reason,
    ]
}

#[test]
fn a_renamed_lease_table_away_from_home_makes_no_second_owner() {
    let rig = away("lease-table");
    let file = otherwise(&rig, "table: leeward-writer-lease", "table: lease-two");
    let no = rig.refused(&["plan", "put", &file]);
    assert!(no.message.contains("owner us-west-2, epoch 3"), "{no}");
    assert!(no.message.contains("leeward lease move orders --table lease-two"), "{no}");
    assert_eq!(owners(&rig), [held("us-west-2", 3), None]);
}

#[test]
fn a_lease_moves_with_its_owner_above_its_epoch_and_the_plan_follows() {
    let rig = away("lease-move");
    let before = rig.clock.now();
    let answer = rig.well(&to_table_two("a table in another account"));
    assert!(answer.lines[0].contains("owner us-west-2, epoch 5"), "{:#?}", answer.lines);
    assert_eq!(owners(&rig), [held("moved", 4), held("us-west-2", 5)]);
    assert!(
        since(before, rig.clock.now()) >= Span::seconds(21),
        "the old holders' time is waited for"
    );
    assert_eq!(item(&rig, "lease-two").unwrap().terms, item(&rig, TABLE).unwrap().terms);

    let old = rig.file.display().to_string();
    let no = rig.refused(&["plan", "put", &old]);
    assert!(no.message.contains("was moved from table leeward-writer-lease"), "{no}");
    let file = otherwise(&rig, "table: leeward-writer-lease", "table: lease-two");
    rig.well(&["plan", "put", &file]);
    let again = rig.well(&to_table_two("twice"));
    assert!(again.lines[0].starts_with("the writer lease is there already"), "{again:#?}");
    let shown = rig.well(&["lease", "show", "orders"]);
    assert!(shown.lines.iter().any(|l| l.contains("a table in another account")), "{shown:#?}");
}

/// Whatever of the move is lost, no two items name an owner, and saying it again finishes it.
#[test]
fn a_move_that_is_interrupted_anywhere_goes_on() {
    for (lost, of_the_table) in (0..20).map(|n| (n / 2, n % 2 == 0)) {
        let rig = away(&format!("lease-cut-{lost}-{of_the_table}"));
        let mut count = 0;
        let nth = move || {
            count += 1;
            count > lost
        };
        if of_the_table {
            let nth = std::sync::Mutex::new(nth);
            rig.table.fail_next(move |_| (nth.lock().unwrap())(), Fate::LostAfter);
        } else {
            let nth = std::sync::Mutex::new(nth);
            rig.world.fail_next(move |_| (nth.lock().unwrap())(), Fate::LostAfter);
        }
        let first = rig.ask(&to_table_two("first"));
        let naming =
            owners(&rig).into_iter().flatten().filter(|(owner, _)| owner != "moved").count();
        assert!(naming <= 1, "{lost}: {:?}", owners(&rig));
        // What was not lost the first time is lost the second.
        let second = (0..3).find_map(|_| rig.ask(&to_table_two("again")).ok());
        assert_eq!(
            owners(&rig),
            [held("moved", 4), held("us-west-2", 5)],
            "{lost}: {first:?} {second:?}"
        );
    }
}

#[test]
fn a_lease_is_not_moved_while_a_generation_is_open() {
    let rig = Rig::unattended("lease-open");
    rig.opened();
    let no = rig.refused(&to_table_two("now"));
    assert!(no.message.contains("generation 1 of orders is open"), "{no}");
    assert_eq!(owners(&rig), [held("us-east-1", 1), None]);
    let low = [
        "lease",
        "lower",
        "orders",
        "--ttl",
        "3s",
        "--longest-statement",
        "1s",
        "--drift",
        "1s",
        "--reason",
        "x",
    ];
    rig.refused(&low);
}

/// While the lease is on its way, a recovery by the old plan takes nothing and grants nothing.
#[test]
fn an_item_that_was_moved_is_granted_to_nobody() {
    let rig = Rig::unattended("lease-moved");
    rig.well(&to_table_two("then it burns"));
    assert_eq!(owners(&rig), [held("moved", 2), held("us-east-1", 3)]);
    rig.kill_primary();
    rig.live(Span::minutes(10));
    let _ = rig.ask(&["run", "orders"]);
    assert_eq!(owners(&rig), [held("moved", 2), held("us-east-1", 3)]);
    assert!(!rig.world.accepts(&"orders-db".into(), Side::Standby));
}

#[test]
fn a_plan_that_promises_less_than_the_writers_say_is_refused_and_lowered_in_two_steps() {
    let rig = Rig::unattended("lease-terms");
    let file = otherwise(&rig, "ttl: 15s", "ttl: 2s");
    let no = rig.refused(&["plan", "put", &file]);
    assert!(no.message.contains("ttl 15s (2s)"), "{no}");
    let verb = "leeward lease lower orders --ttl 2s --longest-statement 5s --drift 1s";
    assert!(no.message.contains(verb), "{no}");

    // The first step, the writers' own: without it they would stop.
    let ttl = Span::seconds(2);
    let terms = LeaseTerms { ttl, longest_statement: Span::seconds(5), drift: Span::seconds(1) };
    rig.world.set_habits(|h| {
        h.writers.primary.terms = Some(terms);
        h.writers.standby.terms = Some(terms);
    });
    rig.live(Span::minutes(1));
    rig.refused(&["plan", "put", &file]);
    let before = rig.clock.now();
    let words: Vec<&str> = verb.split(' ').skip(1).chain(["--reason", "shorter"]).collect();
    rig.well(&words);
    assert!(since(before, rig.clock.now()) >= Span::seconds(21), "the longer terms ran out");
    assert_eq!(item(&rig, TABLE).unwrap().terms, Some(terms));
    rig.well(&["plan", "put", &file]);
    assert!(rig.world.accepts(&"orders-db".into(), Side::Primary));
}

#[test]
fn a_writer_of_longer_terms_stops_when_they_are_lowered_beneath_it() {
    let rig = Rig::unattended("lease-lower");
    let words = [
        "lease",
        "lower",
        "orders",
        "--ttl",
        "2s",
        "--longest-statement",
        "5s",
        "--drift",
        "1s",
        "--reason",
        "too early",
    ];
    rig.well(&words);
    let terms = item(&rig, TABLE).unwrap().terms.unwrap();
    rig.live(Span::minutes(1));
    // It raises them again: whoever takes the lease waits for it.
    let raised = item(&rig, TABLE).unwrap().terms.unwrap();
    assert_eq!((terms.ttl, raised.ttl), (Span::seconds(2), Span::seconds(15)));
}

#[test]
fn an_item_that_is_gone_is_made_again_above_every_epoch_and_for_who_owns_it_now() {
    let rig = away("lease-gone");
    rig.world.take_lease(TABLE);
    let file = otherwise(&rig, "for: none", "for: none");
    let answer = rig.well(&["plan", "put", &file]);
    assert!(answer.json["did"].to_string().contains("owner us-west-2, epoch 4"), "{answer:#?}");
    assert_eq!(owners(&rig), [held("us-west-2", 4), None]);
}

/// The function that makes leases, with rights of its own.
struct Function(Desk, FakeWorld);

#[async_trait]
impl Provisioner for Function {
    async fn provide(&self, request: &ProvideRequest) -> Result<ProvideOutput, StepError> {
        let order = serde_json::to_value(request).unwrap();
        let answer = leeward_db_failover::called(&self.0, &self.1, &order).await?;
        Ok(serde_json::from_value(answer).unwrap())
    }
}

/// What an operator may do: fence numbers, and no item of a lease.
struct NoLeases(FakeWorld);

#[async_trait]
impl Provisions for NoLeases {
    async fn lease(
        &self,
        _: &Region,
        _: &str,
        key: &str,
        _: &NewLease,
        _: Frozen,
    ) -> Result<Made, ChangeError> {
        panic!("an operator writes {key}")
    }

    async fn begin_lowering(
        &self,
        _: &Region,
        _: &str,
        key: &str,
        _: LeaseTerms,
        _: Frozen,
    ) -> Result<(), ChangeError> {
        panic!("an operator writes {key}")
    }

    async fn end_lowering(
        &self,
        _: &Region,
        _: &str,
        key: &str,
        _: LeaseTerms,
        _: Frozen,
    ) -> Result<(), ChangeError> {
        panic!("an operator writes {key}")
    }

    async fn fence_number(&self, zone: &str, name: &str, at: Frozen) -> Result<Made, ChangeError> {
        self.0.fence_number(zone, name, at).await
    }
}

#[test]
fn an_operator_has_a_lease_made_by_the_function_which_decides_itself_whose_it_is() {
    let mut rig = Rig::new("lease-function", &orders());
    rig.office.provisions = Arc::new(NoLeases(rig.world.clone()));
    rig.office.provisioner = Some(Arc::new(Function(rig.detector.desk.clone(), rig.world.clone())));
    let file = otherwise(&rig, "table: leeward-writer-lease", "table: lease-two");
    let answer = rig.well(&["plan", "put", &file]);
    let said = answer.lines.join("\n");
    assert!(said.contains("made the writer lease LEASE#orders"), "{said}");
    assert_eq!(owners(&rig)[1], held("us-east-1", 1));
    // Whoever has the right to call it cannot say whose it is, and where one is nothing is made.
    let again = rig.well(&["plan", "put", &file]).lines.join("\n");
    assert!(again.contains("was there"), "{again}");
    let deeds = rig.table.stored("W#orders", "DEED#");
    let told = |d: &Arc<leeward_ports::Item>| d.body.contains("ana (as claimed)");
    assert_eq!(deeds.iter().filter(|d| told(d)).count(), 1, "{deeds:?}");

    // A version that would make a second owner is refused by the function, too.
    let elsewhere = otherwise(&rig, "table: leeward-writer-lease", "table: lease-three");
    let no = rig.refused(&["plan", "put", &elsewhere]);
    assert!(no.message.contains("would make a second writer"), "{no}");
}
