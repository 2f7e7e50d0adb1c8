//! Where scopes and components are, for saved points, people and idempotency keys.

use super::{At, Owner, ScopeId, Scopes};
use crate::plan::{PlannedComponent, Role};
use std::fmt::Write;

impl Scopes {
    /// Where a scope is, for saved points: the iterations and calls that lead to it, the outermost first.
    pub(crate) fn path(&self, id: ScopeId) -> String {
        self.walk(id, "/", |path, planned, owner| {
            path.push_str(planned.id.as_str());
            if planned.role == Role::ForEach {
                write!(path, "[{}]", owner.number).ok();
            }
        })
    }

    /// The same for people: `iteration 18 of “Each order”, `; empty at the top. They count from 1.
    pub(crate) fn place(&self, id: ScopeId) -> String {
        let text = self.walk(id, ", ", |place, planned, owner| {
            match planned.role {
                Role::ForEach => write!(place, "iteration {} of “{}”", owner.number + 1, planned.name).ok(),
                _ => write!(place, "“{}”", planned.name).ok(),
            };
        });
        if text.is_empty() { text } else { text + ": " }
    }

    /// What an idempotency key says of a component in attempt number `attempt`: its path, and how often it began anew there.
    pub(crate) fn key(&self, at: At, attempt: u32) -> String {
        let again = |key: &mut String, at: At| {
            let times = self.began_anew(at, attempt);
            if times > 0 {
                write!(key, "~{times}").ok();
            }
        };
        let mut key = self.walk(at.scope, "/", |key, planned, owner| {
            key.push_str(planned.id.as_str());
            again(key, owner.at);
            if planned.role == Role::ForEach {
                write!(key, "[{}]", owner.number).ok();
            }
        });
        if !key.is_empty() {
            key.push('/');
        }
        key.push_str(self[at.scope].component(at.component).id.as_str());
        again(&mut key, at);
        key
    }

    /// A number for what a component begins with, 0 in a first attempt. Where its input is saved, the number is of the
    /// attempt that saved it: whatever made the component begin with another input (an error before it that was
    /// withdrawn, a person who went back to an earlier saved point), another attempt saved that.
    fn began_anew(&self, at: At, attempt: u32) -> u32 {
        let scope = &self[at.scope];
        if scope.component(at.component).saves_input {
            return scope.past.inputs.get(&at.component).copied().unwrap_or(attempt).saturating_sub(1);
        }
        scope.past.forgotten.get(&at.component).copied().unwrap_or(0)
    }

    /// A text of the owners around a scope, the outermost first, with `between` them.
    fn walk(&self, id: ScopeId, between: &str, say: impl Fn(&mut String, &PlannedComponent, Owner)) -> String {
        let mut owners = Vec::new();
        let mut next = self[id].owner;
        while let Some(owner) = next {
            owners.push(owner);
            next = self[owner.at.scope].owner;
        }
        let mut text = String::new();
        for owner in owners.iter().rev() {
            if !text.is_empty() {
                text.push_str(between);
            }
            let scope = &self[owner.at.scope];
            say(&mut text, scope.component(owner.at.component), *owner);
        }
        text
    }
}
