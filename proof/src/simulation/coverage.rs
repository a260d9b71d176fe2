//! Which fault has met which step of the protocol, and how often.

use std::collections::BTreeMap;
use std::fmt;

use super::fault::Fault;
use super::request::Step;

/// A table of faults by steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    cells: BTreeMap<(Fault, Step), u64>,
    /// Halts of processes, whatever these were at.
    halts: u64,
}

impl Coverage {
    pub(crate) fn note(&mut self, fault: Fault, step: Step) {
        *self.cells.entry((fault, step)).or_default() += 1;
    }

    pub(crate) fn halted(&mut self) {
        self.halts += 1;
    }

    /// Adds what another schedule has covered.
    pub fn add(&mut self, other: &Self) {
        for (cell, count) in &other.cells {
            *self.cells.entry(*cell).or_default() += count;
        }
        self.halts += other.halts;
    }

    /// How many faults there were.
    pub fn faults(&self) -> u64 {
        self.cells.values().sum::<u64>() + self.halts
    }

    /// The cells that can be and have not been.
    pub fn gaps(&self) -> Vec<String> {
        let cells =
            Fault::ALL.iter().flat_map(|fault| Step::ALL.iter().map(move |step| (*fault, *step)));
        let open =
            cells.filter(|(fault, step)| fault.can_meet(*step) && self.count(*fault, *step) == 0);
        open.map(|(fault, step)| format!("{fault:?} at {step:?}")).collect()
    }

    fn count(&self, fault: Fault, step: Step) -> u64 {
        self.cells.get(&(fault, step)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12}", "")?;
        for step in Step::ALL {
            write!(f, " {:>8}", format!("{step:?}"))?;
        }
        for fault in Fault::ALL {
            write!(f, "\n{:<12}", format!("{fault:?}"))?;
            for step in Step::ALL {
                if fault.can_meet(step) {
                    write!(f, " {:>8}", self.count(fault, step))?;
                } else {
                    write!(f, " {:>8}", ".")?;
                }
            }
        }
        Ok(())
    }
}
