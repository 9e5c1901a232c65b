//! A world in virtual time, scripted, that writes down what is asked of it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use leeward_asl::{Call, End, Execution, Failure, Host, parse};
use serde_json::{Value, json};

/// What a function does: how long it takes, and its payload or failure.
#[derive(Clone)]
pub struct Answer(pub u64, pub Result<Value, Failure>);

/// A payload at once.
pub fn ok(payload: Value) -> Answer {
    Answer(0, Ok(payload))
}

/// An error at once.
pub fn err(error: &str) -> Answer {
    Answer(0, Err(Failure::new(error, "why")))
}

impl Answer {
    pub fn after(self, seconds: u64) -> Self {
        Self(seconds, self.1)
    }
}

#[derive(Default)]
pub struct World {
    now: Mutex<u64>,
    timers: Mutex<Vec<u64>>,
    /// The answers of each state's calls in turn; the last one stays.
    script: Mutex<BTreeMap<String, Vec<Answer>>>,
    pub log: Mutex<Vec<String>>,
}

impl World {
    pub fn new(script: &[(&str, &[Answer])]) -> Self {
        let world = Self::default();
        let script = script.iter().map(|(state, answers)| ((*state).to_owned(), answers.to_vec()));
        world.script.lock().expect("whole").extend(script);
        world
    }

    fn note(&self, line: String) {
        let now = *self.now.lock().expect("whole");
        self.log.lock().expect("whole").push(format!("{now} {line}"));
    }

    async fn sleep(&self, seconds: u64) {
        let until = *self.now.lock().expect("whole") + seconds;
        self.timers.lock().expect("whole").push(until);
        poll_fn(|_| match *self.now.lock().expect("whole") >= until {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// Drives a future, time leaping to the next timer whenever nothing else can happen.
    pub fn drive<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                return done;
            }
            let mut now = self.now.lock().expect("whole");
            let timers = self.timers.lock().expect("whole");
            *now = timers.iter().copied().filter(|at| *at > *now).min().expect("a timer is ahead");
        }
    }
}

#[async_trait::async_trait]
impl Host for World {
    async fn invoke(&self, call: &Call) -> Result<Value, Failure> {
        self.note(format!("call {}#{} {}", call.state, call.attempt, call.payload));
        let Answer(seconds, result) = {
            let mut script = self.script.lock().expect("whole");
            let answers = script.get_mut(&call.state).expect("a script for each task");
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        };
        if seconds > call.timeout.as_secs() {
            self.sleep(call.timeout.as_secs()).await;
            self.note(format!("late {}", call.state));
            return Err(Failure::timeout(call));
        }
        self.sleep(seconds).await;
        self.note(format!("answer {}", call.state));
        result
    }

    async fn wait(&self, state: &str, duration: Duration) {
        self.note(format!("wait {state} {}", duration.as_secs_f64()));
        self.sleep(duration.as_secs()).await;
    }

    fn entered(&self, state: &str, input: &Value) {
        self.note(format!("enter {state} {input}"));
    }

    fn exited(&self, state: &str, output: &Value) {
        self.note(format!("exit {state} {output}"));
    }

    fn jitter(&self, max: Duration) -> Duration {
        max / 2
    }

    fn abandoned(&self, state: &str) {
        self.note(format!("abandoned {state}"));
    }

    fn ended(&self, _: &End) {
        self.note("ended".to_owned());
    }

    async fn time_limit(&self, limit: Duration) {
        self.sleep(limit.as_secs()).await;
    }
}

pub fn execution() -> Execution {
    Execution {
        id: "arn:aws:states:eu-west-1:111122223333:execution:recovery:orders-g1".to_owned(),
        name: "orders-g1".to_owned(),
        start_time: "2025-06-01T12:00:00Z".to_owned(),
        state_machine: "arn:aws:states:eu-west-1:111122223333:stateMachine:recovery".to_owned(),
    }
}

pub fn succeeded(output: Value) -> End {
    End::Succeeded(output)
}

/// A failure, its cause reduced to whether it holds the text.
pub fn assert_failed(end: &End, wanted: &str, text: &str) {
    match end {
        End::Failed { error, cause } if error == wanted && cause.contains(text) => {}
        End::Failed { .. } | End::Succeeded(_) => {
            panic!("wanted the error {wanted} with {text:?} in its cause, got {end:?}")
        }
    }
}

/// Executes a definition and answers how it ended and the log lines that begin (after their time)
/// with one of the words.
pub fn run(
    definition: &Value,
    input: Value,
    script: &[(&str, &[Answer])],
    words: &[&str],
) -> (End, Vec<String>) {
    let machine = parse(&definition.to_string())
        .unwrap_or_else(|problems| panic!("{problems:#?} in {definition:#}"));
    let world = World::new(script);
    let execution = execution();
    let end = world.drive(machine.execute(&execution, input, &world));
    let log = world.log.into_inner().expect("whole");
    let wanted = |line: &String| line.split(' ').nth(1).is_some_and(|word| words.contains(&word));
    (end, log.into_iter().filter(wanted).collect())
}

/// Executes a definition that calls nothing.
pub fn output(definition: &Value, input: Value) -> End {
    run(definition, input, &[], &[]).0
}

/// A step's answer.
pub fn status(status: &str) -> Answer {
    ok(json!({"status": status}))
}
