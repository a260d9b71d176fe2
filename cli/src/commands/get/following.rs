//! Locks that are followed: a list, then what changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kubelock::Timestamp;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::known::Known;
use super::listing::{Gaps, each_page};
use super::{Command, scope};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::list::source::Source;
use crate::list::trouble::Trouble;
use crate::list::walk::Walk;
use crate::list::watch::{Change, Follow};
use crate::output::printer::Printer;
use crate::output::talk;
use crate::output::view::View;

/// Clocks may be set meanwhile: the next expiry is looked at again after so long.
const SLEEP_MAX: Duration = Duration::from_mins(1);
/// Changes that wait to be printed.
const QUEUE: usize = 64;

pub(super) async fn run(command: &Command<'_>) -> Result<Exit, Failure> {
    let sources = command.scope.sources(&command.session, command.common).await?;
    let walks = command.session.walks(sources)?;
    let mut following = Following::new(command, &walks);
    let begins = following.list(&walks).await?;
    let (changes, coming) = mpsc::channel(QUEUE);
    for (index, (walk, begin)) in walks.into_iter().zip(begins).enumerate() {
        let (resource_version, is_away) = match begin {
            Begin::Nowhere => continue,
            Begin::At(version) => (Some(version), false),
            Begin::Anew => (None, true),
        };
        let (clock, changes) = (following.known[index].server, changes.clone());
        let follow = Follow { walk, resource_version, clock, is_away, index, changes };
        tokio::spawn(follow.run());
    }
    drop(changes);
    following.go(coming).await
}

/// From where a source is to be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Begin {
    /// It could not be listed, or is followed with all of its kind.
    Nowhere,
    /// From this resourceVersion on.
    At(String),
    /// From a list that is yet to be read: the first one broke off.
    Anew,
}

struct Following<'a> {
    command: &'a Command<'a>,
    /// One for each source.
    known: Vec<Known>,
    printer: Printer,
    /// What each of them lists.
    sources: Vec<Arc<Source>>,
    /// The worst that has happened so far.
    exit: Exit,
    /// The sources whose server is away.
    away: BTreeSet<usize>,
}

impl<'a> Following<'a> {
    fn new(command: &'a Command<'a>, walks: &[Walk]) -> Self {
        let known = walks.iter().map(|walk| Known::new(&walk.source)).collect();
        let printer = Printer::changes(command.format, command.namespaces());
        let sources = walks.iter().map(|walk| walk.source.clone()).collect();
        Self { command, known, printer, sources, exit: Exit::Done, away: BTreeSet::new() }
    }

    /// Shows what there is; returns from where each source is to be watched.
    async fn list(&mut self, walks: &[Walk]) -> Result<Vec<Begin>, Failure> {
        let sources: Vec<_> = walks.iter().map(|walk| (*walk.source).clone()).collect();
        let (wholes, mut begins) = (scope::wholes(&sources), vec![Begin::Nowhere; walks.len()]);
        let (mut gaps, mut broken_off, mut views) = (Gaps::default(), Vec::new(), Vec::new());
        let known = &mut self.known;
        let listed = each_page(walks, |index, page| {
            let is_begun = begins[index] != Begin::Nowhere;
            match page {
                Ok(_) if wholes[index].is_some_and(|whole| begins[whole] != Begin::Nowhere) => {}
                Ok(page) => {
                    let known = &mut known[index];
                    known.server = page.clock.or(known.server);
                    begins[index] = Begin::At(page.resource_version);
                    views.extend(known.add(page.sightings));
                }
                // What was not listed would never be shown.
                Err(Trouble::Failed(failure)) if is_begun => {
                    begins[index] = Begin::Anew;
                    broken_off.push((index, failure));
                }
                Err(trouble) => {
                    begins[index] = Begin::Nowhere;
                    gaps.add(&sources[index], trouble)?;
                }
            }
            Ok(true)
        });
        listed.await?;
        if let Some(order) = self.command.order {
            order.sort(&mut views);
        }
        self.print(&views)?;
        let looked_at = Source::describe_all(&gaps.looked_at(sources, self.command)?);
        self.exit = gaps.tell(self.command).unwrap_or(self.exit);
        if views.is_empty()
            && broken_off.is_empty()
            && begins.iter().any(|begin| *begin != Begin::Nowhere)
        {
            talk::note(self.command.common, &format!("no locks yet on {looked_at}"));
        }
        for (index, failure) in broken_off {
            self.away(index, &failure);
        }
        Ok(begins)
    }

    async fn go(mut self, mut coming: mpsc::Receiver<(usize, Change)>) -> Result<Exit, Failure> {
        while !self.printer.is_unread() {
            let next = self.next_expiry();
            tokio::select! {
                change = coming.recv() => match change {
                    Some((index, change)) => self.take(index, change)?,
                    None => return self.end(),
                },
                () = sleep(next) => self.expire()?,
            }
        }
        Ok(self.exit)
    }

    fn take(&mut self, index: usize, change: Change) -> Result<(), Failure> {
        let now = now();
        let known = &mut self.known[index];
        let views = match change {
            Change::Seen(key, sightings) => known.see(key, sightings, now),
            Change::Deleted(key) => known.delete(&key, now),
            Change::Relisted(sightings, clock) => {
                known.server = clock.or(known.server);
                known.replace(sightings, now)
            }
            Change::Clock(clock) => {
                known.server = Some(clock);
                return Ok(());
            }
            Change::Away(failure) => {
                self.away(index, &failure);
                return Ok(());
            }
            Change::Back => {
                self.away.remove(&index);
                return Ok(());
            }
            Change::Over(trouble) => {
                self.over(index, trouble);
                return Ok(());
            }
        };
        self.print(&views)
    }

    /// Nobody asked for this very kind, perhaps: the others go on.
    fn over(&mut self, index: usize, trouble: Trouble) {
        self.away.remove(&index);
        let source = &self.sources[index];
        if source.by_the_way && matches!(trouble, Trouble::Denied(_)) {
            let what = source.kind.resource();
            talk::note(
                self.command.common,
                &format!("not followed, for you may not watch them: {what}"),
            );
            return;
        }
        let failure = trouble.into_failure();
        talk::failure(&failure);
        self.exit = failure.exit;
    }

    /// Nothing is left to be followed.
    fn end(self) -> Result<Exit, Failure> {
        match self.exit {
            Exit::Done => Err(Failure::failed("not allowed to watch any of these kinds")
                .hint("without -w they are shown as they are now")),
            exit => Ok(exit),
        }
    }

    /// Tells it once, until it is back.
    fn away(&mut self, index: usize, failure: &Failure) {
        let is_told = !self.away.is_empty();
        self.away.insert(index);
        if !is_told {
            let words = format!("waiting for the API server: {}", failure.message);
            talk::note(self.command.common, &words);
        }
    }

    fn expire(&mut self) -> Result<(), Failure> {
        let now = now();
        let views: Vec<_> =
            self.known.iter_mut().flat_map(|known| known.expire(known.clocks(now))).collect();
        self.print(&views)
    }

    /// How long to wait for it: a record lasts to its last instant.
    fn next_expiry(&self) -> Duration {
        let now = now();
        let next = self.known.iter().filter_map(|known| known.next_expiry(known.clocks(now)));
        let left = next.min().unwrap_or(SLEEP_MAX);
        left.saturating_add(Duration::from_millis(1)).min(SLEEP_MAX)
    }

    fn print(&mut self, views: &[View]) -> Result<(), Failure> {
        views.iter().try_for_each(|view| self.printer.add(view))?;
        self.printer.flush()
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
