//! One turn of one task, and what may befall it there.

use std::task::Poll;

use leeward_core::time::after;

use super::run::Run;
use super::task::{Kind, Mishap};

impl Run<'_> {
    /// Lets a task go on, `alone` where nothing else could.
    pub(super) fn poll(&mut self, index: usize, alone: bool) {
        let now = self.now();
        let task = &mut self.tasks[index];
        if task.frozen.take().is_none() && task.late(now) {
            self.shared.count("function timed out");
            return self.drop_function(index, "Sandbox.Timedout");
        }
        let caller = task.caller();
        if self.caller != caller {
            self.caller = caller;
            self.shared.lock().caller = caller;
        }
        let counted = task.mishap.is_some() || self.forced.kill.is_some();
        self.stack.clock.set_alone(alone && self.coarse && !counted);
        let (answer, polled) = self.stack.clock.poll(task.work.as_mut());
        let Poll::Ready(done) = answer else {
            task.pending(polled);
            if let Kind::Function(invocation) = &task.kind {
                self.turns[invocation.number].1 = task.turns;
            }
            match task.mishap {
                Some(Mishap::Kill(turn)) if task.turns >= turn => {
                    self.shared.count("function killed");
                    self.drop_function(index, "Runtime.ExitError");
                }
                Some(Mishap::Freeze(turn, span)) if task.turns >= turn => {
                    task.mishap = None;
                    task.limit = None;
                    task.frozen = Some(after(now, span));
                    self.shared.count("function frozen");
                }
                Some(_) | None => {}
            }
            return;
        };
        let task = self.tasks.swap_remove(index);
        self.finish(task, done);
    }
}
