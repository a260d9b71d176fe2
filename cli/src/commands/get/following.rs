//! Locks that are followed: a list, then what changes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kubelock::Timestamp;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Command;
use super::known::Known;
use super::listing::each_page;
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
    let versions = following.list(&walks).await?;
    let (changes, coming) = mpsc::channel(QUEUE);
    for (index, (walk, version)) in walks.into_iter().zip(versions).enumerate() {
        let Some(resource_version) = version else { continue };
        let ahead = following.known[index].ahead;
        let changes = changes.clone();
        tokio::spawn(Follow { walk, resource_version, ahead, index, changes }.run());
    }
    drop(changes);
    following.go(coming).await
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
    is_away: bool,
}

impl<'a> Following<'a> {
    fn new(command: &'a Command<'a>, walks: &[Walk]) -> Self {
        let known = walks.iter().map(|walk| Known::new(&walk.source)).collect();
        let printer = Printer::changes(command.format, command.namespaces());
        let sources = walks.iter().map(|walk| walk.source.clone()).collect();
        Self { command, known, printer, sources, exit: Exit::Done, is_away: false }
    }

    /// Shows what there is; returns from where each source is to be watched, if it is.
    async fn list(&mut self, walks: &[Walk]) -> Result<Vec<Option<String>>, Failure> {
        let mut versions = vec![None; walks.len()];
        let mut views = Vec::new();
        let known = &mut self.known;
        let gaps = each_page(walks, |index, page| {
            let known = &mut known[index];
            known.ahead = page.ahead.or(known.ahead);
            versions[index] = Some(page.resource_version);
            views.extend(known.add(page.sightings));
            Ok(true)
        });
        let gaps = gaps.await?;
        if let Some(order) = self.command.order {
            order.sort(&mut views);
        }
        self.print(&views)?;
        let sources = walks.iter().map(|walk| (*walk.source).clone()).collect();
        let looked_at = Source::describe_all(&gaps.looked_at(sources)?);
        self.exit = gaps.tell(self.command).unwrap_or(self.exit);
        if views.is_empty() && versions.iter().any(Option::is_some) {
            talk::note(self.command.common, &format!("no locks yet on {looked_at}"));
        }
        Ok(versions)
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
            Change::Relisted(sightings, ahead) => {
                known.ahead = ahead.or(known.ahead);
                known.replace(sightings, now)
            }
            Change::Away(failure) => {
                self.away(&failure);
                return Ok(());
            }
            Change::Back => {
                self.is_away = false;
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
    fn away(&mut self, failure: &Failure) {
        if !std::mem::replace(&mut self.is_away, true) {
            let words = format!("waiting for the API server: {}", failure.message);
            talk::note(self.command.common, &words);
        }
    }

    fn expire(&mut self) -> Result<(), Failure> {
        let now = now();
        let views: Vec<_> = self.known.iter_mut().flat_map(|known| known.expire(now)).collect();
        self.print(&views)
    }

    /// How long to wait for it: a record lasts to its last instant.
    fn next_expiry(&self) -> Duration {
        let next = self.known.iter().filter_map(Known::next_expiry).min();
        let left = next.map_or(SLEEP_MAX, |at| at.saturating_since(now()));
        (left + Duration::from_millis(1)).min(SLEEP_MAX)
    }

    fn print(&mut self, views: &[View]) -> Result<(), Failure> {
        views.iter().try_for_each(|view| self.printer.add(view))?;
        self.printer.flush()
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
