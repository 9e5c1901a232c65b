//! Walks a machine: one future for the whole execution, branches and abandoned calls included.

mod flight;
mod visit;

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::events::EVENT_LIMIT;
use crate::host::{End, Execution, Failure, Host, TIMEOUT};
use crate::machine::{Machine, Scope, State};
use crate::path::Context;
use flight::Flights;

/// One execution under way.
struct Run<'a> {
    execution: &'a Execution,
    input: &'a Value,
    host: &'a dyn Host,
    flights: Flights<'a>,
    /// How long the history is.
    events: AtomicU64,
}

impl Machine {
    /// Executes the machine in this world, to its end.
    ///
    /// Given a host that decides alike, two executions are alike: branches are driven in the order
    /// of the definition, and nothing here reads a clock or draws a number.
    pub async fn execute(&self, execution: &Execution, input: Value, host: &dyn Host) -> End {
        let run = Run {
            execution,
            input: &input,
            host,
            flights: Flights::default(),
            // ExecutionStarted
            events: AtomicU64::new(1),
        };
        let mut walk: Option<BoxFuture<'_, _>> =
            Some(Box::pin(run.scope(&self.top, input.clone())));
        let mut limit = self.time_limit.map(|limit| (limit, host.time_limit(limit)));
        let end = poll_fn(|task| {
            let mut end = match walk.as_mut().map(|walk| walk.as_mut().poll(task)) {
                Some(Poll::Ready(result)) => Poll::Ready(End::from(result)),
                Some(Poll::Pending) | None => Poll::Pending,
            };
            if end.is_pending()
                && let Some((limit, up)) = &mut limit
                && up.as_mut().poll(task).is_ready()
            {
                let cause = format!("the execution took longer than {} s", limit.as_secs());
                end = Poll::Ready(End::Failed { error: TIMEOUT.to_owned(), cause });
            }
            if end.is_ready() {
                // Whatever is still being called is abandoned by this.
                walk = None;
            }
            let _ = run.flights.drive(host, task);
            end
        })
        .await;
        host.ended(&end);
        poll_fn(|task| run.flights.drive(host, task)).await;
        end
    }
}

impl<'a> Run<'a> {
    /// Walks from the scope's first state to one of its ends.
    async fn scope(&self, scope: &Scope, input: Value) -> Result<Value, Failure> {
        let mut name = scope.start_at.as_str();
        let mut data = input;
        loop {
            let state = scope.states.get(name).ok_or_else(|| {
                Failure::runtime(name, "The definition has no state of this name.")
            })?;
            self.count(1, state)?;
            self.host.entered(name, &data);
            let (next, output) = self.visit(state, data).await?;
            self.count(1, state)?;
            self.host.exited(name, &output);
            match next {
                Some(next) => name = next,
                None => return Ok(output),
            }
            data = output;
        }
    }

    /// A branch of a Parallel is a scope again; the box ends the type's recursion.
    fn branch<'s>(
        &'s self,
        scope: &'s Scope,
        input: Value,
    ) -> BoxFuture<'s, Result<Value, Failure>> {
        Box::pin(self.scope(scope, input))
    }

    /// Notes events of the history; the last one of a full history is the execution's failure.
    fn count(&self, events: u64, state: &State) -> Result<(), Failure> {
        let before = self.events.fetch_add(events, Ordering::Relaxed);
        if before + events < EVENT_LIMIT {
            return Ok(());
        }
        Err(Failure::runtime(
            &state.name,
            format!("The execution reached the maximum number of history events ({EVENT_LIMIT})."),
        ))
    }

    fn context<'s>(&'s self, state: &'s State) -> Context<'s> {
        Context { execution: self.execution, input: self.input, state: &state.name }
    }
}
