//! Invocations of functions, and what befalls them: killed, frozen, made twice, made again later.

use std::sync::Arc;

use leeward_core::time::{Span, after};
use serde_json::Value;

use super::host::Reply;
use super::run::{Due, Run};
use super::sites::Caller;
use super::task::{Done, Invocation, Kind, Mishap};
use crate::functions;

/// Every function's time-out in the template.
const FUNCTION_LIMIT: Span = Span::seconds(60);
/// How long a frozen process stands still.
const FROZEN: [Span; 5] =
    [Span::seconds(20), Span::minutes(3), Span::minutes(14), Span::minutes(20), Span::minutes(300)];

impl Run<'_> {
    /// Invokes a function; `retries` of an asynchronous delivery.
    pub(super) fn invoke(
        &mut self,
        function: String,
        payload: impl Into<Arc<Value>>,
        reply: Option<(u64, Reply)>,
        retries: u32,
    ) {
        let number = self.turns.len();
        let payload = payload.into();
        let caller = Caller::of(&payload);
        let began = self.now();
        let invocation = Invocation { number, caller, function, payload, reply, began, retries };
        self.spawn_function(invocation);
    }

    pub(super) fn spawn_function(&mut self, mut invocation: Invocation) {
        invocation.number = self.turns.len();
        invocation.began = self.now();
        self.turns.push((invocation.caller, 0));
        let mishap = self.mishap(&invocation);
        if invocation.caller != Caller::Sweep {
            self.history.push(Invocation { reply: None, retries: 0, ..invocation.clone() });
        }
        let detector = self.stack.detector.clone();
        let (function, payload) = (invocation.function.clone(), invocation.payload.clone());
        let work =
            async move { Done::Answered(functions::call(&detector, &function, &payload).await) };
        let limit = Some(after(self.now(), FUNCTION_LIMIT));
        self.spawn(Kind::Function(invocation), Box::pin(work), limit, mishap);
    }

    /// Draws what befalls an invocation.
    fn mishap(&mut self, invocation: &Invocation) -> Option<Mishap> {
        if let Some((number, turn)) = self.forced.kill {
            return (number == invocation.number).then_some(Mishap::Kill(turn));
        }
        let (kind, turn, span, later) = {
            let mut common = self.shared.lock();
            let common = &mut *common;
            if common.calm {
                return None;
            }
            let kind = common.choices.one_of(&common.mix.mishaps);
            if kind == 0 {
                return None;
            }
            let turn = 1 + common.choices.below(24);
            let span = common.choices.pick(&FROZEN).copied().unwrap_or_default();
            (kind, turn, span, common.choices.below(90))
        };
        match kind {
            1 => return Some(Mishap::Kill(turn)),
            2 => return Some(Mishap::Freeze(turn, span)),
            3 => self.shared.count("invocation delivered twice"),
            _ => self.shared.count("invocation delivered again later"),
        }
        let again = Invocation { reply: None, retries: 0, ..invocation.clone() };
        let seconds = if kind == 3 { 0 } else { 30 * (1 + u64::from(later)) };
        let at = after(self.now(), Span::seconds(seconds));
        self.at(at, Due::Invoke(again));
        None
    }
}
