//! What people read of a step: each thing named once, what is wanted beside what is seen.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test answers one question in its own way")]

use super::*;
use crate::audit::example::{Journal, at, plan, recovered, situation};
use crate::journal::Reply;
use crate::plan::{Plan, example};
use crate::world::{AnswerView, Blind, Receipt, View};
use serde_json::json;

/// Every question that a step asks, unanswered in the words of the adapters: they name the question themselves.
fn blind(step: Step, situation: &Situation<'_>) -> (Vec<Question>, Seen) {
    let asked = questions(step, situation);
    let unanswered = |q: &Question| Err(Blind::new(format!("{q}: TimeoutError: no answer in 2 s")));
    let seen = Seen::of(asked.clone(), asked.iter().map(unanswered).collect());
    (asked, seen)
}

#[test]
fn nothing_that_is_unseen_is_named_twice_in_one_sentence() {
    let plan = plan();
    let whole = recovered(1);
    let mut named = 0;
    for entries in 1..=whole.records.len() {
        let journal = Journal { records: whole.records[..entries].to_vec() };
        let state = journal.state();
        let situation = situation(&plan, &state, at(70));
        for step in Step::ALL.into_iter().filter(|step| gate(*step, &state) == Gate::Through) {
            let (asked, seen) = blind(step, &situation);
            let words = format!("{:?}", decide(step, &situation, &seen));
            for (question, sentence) in
                asked.iter().flat_map(|q| words.split(['"', ';']).map(move |s| (q, s)))
            {
                let times = sentence.matches(&question.to_string()).count();
                assert!(times < 2, "{step}: {sentence}");
                named += times;
            }
        }
    }
    assert!(named > 20, "{named}: the questions are not in the words at all");
}

/// A generation whose database is done and whose datum was taken, and what its name answers with.
fn moving(plan: &Plan, answers: &[(&str, &[&str])]) -> String {
    let whole = recovered(1);
    let done =
        |r: &crate::journal::Record| matches!(r.entry, Entry::StepDone { step: Step::Traffic, .. });
    let until = whole.records.iter().position(done).unwrap();
    let mut journal = Journal { records: whole.records[..until].to_vec() };
    let Entry::Opened(decision) = &mut journal.records[0].entry else { panic!("no decision") };
    decision.effects.extend(effects(plan, decision.generation));
    let state = journal.state();
    let first = situation(plan, &state, at(44));
    let sent = decide(Step::Traffic, &first, &Seen::default()).sends;
    assert_eq!(sent.len(), 1, "{sent:?}");
    let Entry::Intent { effect, .. } = sent[0].clone() else { panic!("{sent:?}") };
    let intent = journal.add(44, sent[0].clone());
    let reply = Reply::Accepted(Receipt { id: "1".into() });
    journal.add(45, Entry::Replied { effect, intent, reply });
    let state = journal.state();
    let situation = situation(plan, &state, at(50));
    let mut seen = Seen::default();
    for question in questions(Step::Traffic, &situation) {
        let Question::Name(query) = &question else { panic!("{question}") };
        let of_type = answers.iter().find(|(kind, _)| *kind == query.record_type);
        let values = of_type.map_or(&[][..], |(_, values)| values);
        let values = values.iter().map(|v| (*v).into()).collect();
        seen.insert(question, Ok(View::Answer(AnswerView { values })));
    }
    let next = decide(Step::Traffic, &situation, &seen);
    format!("{next:?}")
}

#[test]
fn a_name_that_is_waited_for_says_what_is_wanted_and_what_is_seen() {
    let words = moving(&plan(), &[("A", &["192.0.2.1"])]);
    assert!(words.contains("o.example.com A resolves to 192.0.2.1; wanted 192.0.2.2"), "{words}");
    let words = moving(&plan(), &[]);
    assert!(words.contains("resolves to nothing; wanted 192.0.2.2"), "{words}");
}

#[test]
fn a_dual_stack_name_is_asked_by_both_types_and_compared_as_addresses() {
    let mut dual = example::orders();
    dual["traffic"]["controls"][0]["answers"] = json!({
        "primary": ["192.0.2.1", "2001:db8::1"], "standby": ["192.0.2.2", "2001:0db8:0::2"]});
    let dual: Plan = serde_json::from_value(dual).unwrap();
    let done = moving(&dual, &[("A", &["192.0.2.2"]), ("AAAA", &["2001:db8::2"])]);
    assert!(done.contains("applied: true"), "{done}");
    let half = moving(&dual, &[("A", &["192.0.2.2"]), ("AAAA", &["2001:db8::1"])]);
    assert!(half.contains("AAAA resolves to 2001:db8::1; wanted 2001:db8::2"), "{half}");
}

#[test]
fn an_engine_that_can_never_be_asked_is_wrong_and_not_waited_for() {
    use crate::steps::engines::{Engine, engine, sql};

    let (plan, state) = (plan(), Journal::opened(1, 0).state());
    let situation = situation(&plan, &state, at(5));
    let database = &plan.databases[0];
    let question = sql(database.probe().unwrap(), situation.target(), None);
    let of = |engine_name: &str, blind: Blind| {
        let mut seen = Seen::default();
        for asked in questions(Step::Fence, &situation) {
            let view = match &asked {
                Question::Rds { .. } => Ok(View::Rds(Some(rds(engine_name)))),
                _ => Err(blind.clone()),
            };
            seen.insert(asked, view);
        }
        engine(&situation, database, &seen)
    };
    let never =
        of("postgres", Blind::unsupported("db-probe: not supported: this is a MySQL server"));
    assert!(matches!(&never, Engine::Wrong(why) if why.contains("MySQL")), "{never:?}");
    let named = of("mysql", Blind::new("no answer"));
    assert!(matches!(&named, Engine::Wrong(why) if why.contains("is mysql")), "{named:?}");
    let away = of("postgres", Blind::new("no answer"));
    assert!(matches!(&away, Engine::Blind(why) if why.matches(&question.to_string()).count() == 1));
}

fn rds(engine: &str) -> crate::world::RdsView {
    crate::world::RdsView {
        status: "available".into(),
        arn: None,
        replica_source: Some("arn:aws:rds:us-east-1:123456789012:db:orders".into()),
        engine: engine.into(),
        engine_version: "17.4".into(),
        host: None,
        zone: None,
        multi_az: false,
        replication: None,
    }
}
