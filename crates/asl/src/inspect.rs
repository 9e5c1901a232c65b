//! What a definition holds, for tests that compare it with functions, errors and templates.

use std::collections::{BTreeMap, BTreeSet};

use crate::handling::Handling;
use crate::machine::{Kind, Machine, Scope, State, Task, Text, Then};

impl Machine {
    /// Every state, those of the branches after the Parallel that holds them.
    pub fn states(&self) -> Vec<&State> {
        self.top.all()
    }

    /// The state of this name, in whatever scope.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states().into_iter().find(|state| state.name == name)
    }

    /// Every Task with its state.
    pub fn tasks(&self) -> Vec<(&State, &Task)> {
        let tasks = self.states().into_iter().filter_map(|state| Some((state, state.task()?)));
        tasks.collect()
    }

    /// Every FunctionName as written.
    pub fn functions(&self) -> BTreeSet<&str> {
        self.tasks().into_iter().map(|(_, task)| task.function.as_str()).collect()
    }

    /// Every name in `${…}`: what the deployment must substitute.
    pub fn substitutions(&self) -> BTreeSet<&str> {
        self.tasks().into_iter().flat_map(|(_, task)| task.substitutions()).collect()
    }

    /// The states that end the execution, or their branch.
    pub fn terminals(&self) -> Vec<&State> {
        self.states().into_iter().filter(|state| state.is_terminal()).collect()
    }

    /// Every error name that a Retry names.
    pub fn retried_errors(&self) -> BTreeSet<&str> {
        self.errors(|handling| handling.retry.iter().flat_map(|entry| &entry.errors).collect())
    }

    /// Every error name that a Catch names.
    pub fn caught_errors(&self) -> BTreeSet<&str> {
        self.errors(|handling| handling.catch.iter().flat_map(|entry| &entry.errors).collect())
    }

    /// Every error name that a Fail state gives.
    pub fn raised_errors(&self) -> BTreeSet<&str> {
        let raised = self.states().into_iter().filter_map(|state| match &state.kind {
            Kind::Fail(fail) => match &fail.error {
                Text::Given(name) => Some(name.as_str()),
                Text::At(_) => None,
            },
            Kind::Task(_)
            | Kind::Choice(_)
            | Kind::Wait(_)
            | Kind::Parallel(_)
            | Kind::Pass(_)
            | Kind::Succeed => None,
        });
        raised.collect()
    }

    /// Every error name that the definition mentions at all.
    pub fn all_errors(&self) -> BTreeSet<&str> {
        let mut errors = self.retried_errors();
        errors.extend(self.caught_errors());
        errors.extend(self.raised_errors());
        errors
    }

    fn errors<'m>(&'m self, of: fn(&'m Handling) -> Vec<&'m String>) -> BTreeSet<&'m str> {
        let handlings = self.states().into_iter().filter_map(State::handling);
        handlings.flat_map(of).map(String::as_str).collect()
    }

    /// The loops: each group of states of one scope that lead back to each other.
    pub fn loops(&self) -> Vec<BTreeSet<&str>> {
        let mut scopes = vec![&self.top];
        scopes.extend(self.states().into_iter().flat_map(State::branches));
        scopes.into_iter().flat_map(Scope::loops).collect()
    }
}

impl Scope {
    /// Every state of the scope, and of the branches within.
    fn all(&self) -> Vec<&State> {
        let with_branches = |state| {
            let inner = State::branches(state).iter().flat_map(Scope::all);
            std::iter::once(state).chain(inner.collect::<Vec<_>>())
        };
        self.states.values().flat_map(with_branches).collect()
    }

    /// The loops of this scope alone.
    pub(crate) fn loops(&self) -> Vec<BTreeSet<&str>> {
        let mut after: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, state) in &self.states {
            let mut open = state.targets();
            let mut found = BTreeSet::new();
            while let Some(target) = open.pop() {
                if found.insert(target) {
                    open.extend(self.states.get(target).into_iter().flat_map(State::targets));
                }
            }
            after.insert(name, found);
        }
        let follows = |from: &str, to: &str| after.get(from).is_some_and(|all| all.contains(to));
        let mut loops: Vec<BTreeSet<&str>> = Vec::new();
        for name in after.keys().copied().filter(|name| follows(name, name)) {
            match loops.iter_mut().find(|one| {
                one.first().is_some_and(|first| follows(first, name) && follows(name, first))
            }) {
                Some(one) => {
                    one.insert(name);
                }
                None => loops.push(BTreeSet::from([name])),
            }
        }
        loops
    }
}

impl State {
    /// The state's Task, if it is one.
    pub fn task(&self) -> Option<&Task> {
        match &self.kind {
            Kind::Task(task) => Some(task),
            Kind::Choice(_)
            | Kind::Wait(_)
            | Kind::Parallel(_)
            | Kind::Pass(_)
            | Kind::Succeed
            | Kind::Fail(_) => None,
        }
    }

    /// Retry, Catch and the rest, of a Task or a Parallel.
    pub fn handling(&self) -> Option<&Handling> {
        match &self.kind {
            Kind::Task(task) => Some(&task.handling),
            Kind::Parallel(parallel) => Some(&parallel.handling),
            Kind::Choice(_) | Kind::Wait(_) | Kind::Pass(_) | Kind::Succeed | Kind::Fail(_) => None,
        }
    }

    /// The branches of a Parallel.
    pub fn branches(&self) -> &[Scope] {
        match &self.kind {
            Kind::Parallel(parallel) => &parallel.branches,
            Kind::Task(_)
            | Kind::Choice(_)
            | Kind::Wait(_)
            | Kind::Pass(_)
            | Kind::Succeed
            | Kind::Fail(_) => &[],
        }
    }

    /// Whether the state may be the last of its scope.
    pub fn is_terminal(&self) -> bool {
        match &self.kind {
            Kind::Succeed | Kind::Fail(_) => true,
            Kind::Choice(_) => false,
            Kind::Task(_) | Kind::Wait(_) | Kind::Parallel(_) | Kind::Pass(_) => {
                self.then() == Some(&Then::End)
            }
        }
    }

    fn then(&self) -> Option<&Then> {
        match &self.kind {
            Kind::Task(task) => Some(&task.then),
            Kind::Wait(wait) => Some(&wait.then),
            Kind::Parallel(parallel) => Some(&parallel.then),
            Kind::Pass(pass) => Some(&pass.then),
            Kind::Choice(_) | Kind::Succeed | Kind::Fail(_) => None,
        }
    }

    /// Every state that this one may lead to, in its own scope.
    pub fn targets(&self) -> Vec<&str> {
        let mut targets = Vec::new();
        if let Some(Then::Next(next)) = self.then() {
            targets.push(next.as_str());
        }
        if let Kind::Choice(choice) = &self.kind {
            targets.extend(choice.rules.iter().map(|(_, next)| next.as_str()));
            targets.push(&choice.default);
        }
        let catchers = self.handling().into_iter().flat_map(|handling| &handling.catch);
        targets.extend(catchers.map(|catcher| catcher.next.as_str()));
        targets
    }
}

impl Task {
    /// The names in `${…}` of the FunctionName.
    pub fn substitutions(&self) -> Vec<&str> {
        let parts = self.function.split("${").skip(1);
        parts.filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
    }
}
