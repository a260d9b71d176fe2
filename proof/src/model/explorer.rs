//! All states that can be reached, the nearest first.
//!
//! stateright would do the same, but spawns threads of its own, and a deliberate bug
//! ([`kubelock_core::mutant`]) is switched on for one thread: its models would have to switch it
//! on in each step, with a feature that no program of ours is built with. What is needed here is
//! a queue and a set.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// What can happen, and what must not.
pub trait Model {
    /// Everything that matters for what can happen next.
    type State: Hash;
    /// One thing that can happen.
    type Action: Copy;

    /// Where it begins.
    fn start(&self) -> Self::State;

    /// What can happen next.
    fn actions(&self, state: &Self::State) -> Vec<Self::Action>;

    /// The state after that; `None` if it cannot happen after all.
    fn step(&self, state: &Self::State, action: Self::Action) -> Option<Self::State>;

    /// The rule that is broken there, if one is.
    fn violation(&self, state: &Self::State) -> Option<String>;

    /// One line for people: what happened, and what it came to.
    fn describe(&self, action: Self::Action, after: &Self::State) -> String;
}

/// What an exploration came to.
#[derive(Debug)]
pub struct Explored {
    /// Different states seen.
    pub states: usize,
    /// Steps taken, those to known states included.
    pub steps: usize,
    /// The most steps that any state is away from the start.
    pub depth: u32,
    /// Whether no state was left out.
    pub is_complete: bool,
    /// The shortest way to a broken rule, if there is any.
    pub found: Option<Counterexample>,
}

/// A way to a broken rule.
#[derive(Debug)]
pub struct Counterexample {
    /// Which rule.
    pub violation: String,
    /// What happened, a line each.
    pub trace: Vec<String>,
}

impl std::fmt::Display for Counterexample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.violation)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// How a state was reached.
struct Reached<Action> {
    from: u32,
    by: Option<Action>,
    depth: u32,
}

/// Already a good hash: it is taken as it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

struct Explorer<'a, M: Model> {
    model: &'a M,
    seen: HashSet<u64, BuildHasherDefault<AsItIs>>,
    reached: Vec<Reached<M::Action>>,
    queue: VecDeque<(u32, M::State)>,
    steps: usize,
}

/// Looks at every state that can be reached, up to `states_max` of them, and stops at the first
/// that breaks a rule.
///
/// States are told apart by 64 bits of their hash: among ten million, two that differ are taken
/// for one with a probability of one in 370,000.
pub fn explore<M: Model>(model: &M, states_max: usize) -> Explored {
    let mut explorer = Explorer {
        model,
        seen: HashSet::default(),
        reached: Vec::new(),
        queue: VecDeque::new(),
        steps: 0,
    };
    explorer.reach(model.start(), None);
    let found = explorer.run(states_max);
    Explored {
        states: explorer.seen.len(),
        steps: explorer.steps,
        depth: explorer.reached.iter().map(|reached| reached.depth).max().unwrap_or(0),
        is_complete: explorer.queue.is_empty(),
        found,
    }
}

impl<M: Model> Explorer<'_, M> {
    fn run(&mut self, states_max: usize) -> Option<Counterexample> {
        while self.seen.len() < states_max
            && let Some((index, state)) = self.queue.pop_front()
        {
            if let Some(violation) = self.model.violation(&state) {
                return Some(Counterexample { violation, trace: self.trace(index) });
            }
            for action in self.model.actions(&state) {
                if let Some(next) = self.model.step(&state, action) {
                    self.steps += 1;
                    self.reach(next, Some((index, action)));
                }
            }
        }
        None
    }

    fn reach(&mut self, state: M::State, by: Option<(u32, M::Action)>) {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return;
        }
        let Ok(index) = u32::try_from(self.reached.len()) else { return };
        let (from, by) = by.map_or((0, None), |(from, by)| (from, Some(by)));
        let depth = match (by, self.reached.get(from as usize)) {
            (Some(_), Some(from)) => from.depth + 1,
            _ => 0,
        };
        self.reached.push(Reached { from, by, depth });
        self.queue.push_back((index, state));
    }

    /// States are not kept: the way is gone once more.
    fn trace(&self, to: u32) -> Vec<String> {
        let mut actions = Vec::new();
        let mut index = to;
        while let Some(Reached { from, by: Some(action), .. }) = self.reached.get(index as usize) {
            actions.push(*action);
            index = *from;
        }
        let mut state = self.model.start();
        let mut lines = Vec::new();
        for action in actions.into_iter().rev() {
            let Some(next) = self.model.step(&state, action) else { break };
            lines.push(self.model.describe(action, &next));
            state = next;
        }
        lines
    }
}
