//! Locks of whole kinds: lists, page by page.

use std::collections::VecDeque;

use kubelock::{LockName, Sighting};

use super::{Command, scope};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::list::source::Source;
use crate::list::trouble::Trouble;
use crate::list::walk::{Page, Walk};
use crate::nearby::{self, Missing, Place};
use crate::once::once;
use crate::output::printer::Printer;
use crate::output::talk;
use crate::output::view::View;
use crate::target::Target;

/// So many kinds are listed at once.
const AT_ONCE: usize = 4;

/// So many names are kept for those that are not there.
const OTHERS: usize = 2_000;

/// What was wrong with some of the lists.
#[derive(Default)]
pub(super) struct Gaps {
    /// Kinds that may not be listed, of those that nobody asked for.
    skipped: Vec<String>,
    failures: Vec<Failure>,
}

pub(super) async fn run(command: &Command<'_>) -> Result<Exit, Failure> {
    let sources = command.scope.sources(&command.session, command.common).await?;
    let walks = command.session.walks(sources.clone())?;
    let mut printer = Printer::list(command.format, command.namespaces());
    let mut sorted = Vec::new();
    let mut roll = Roll::new(command, sources.len());
    let mut gaps = Gaps::default();
    let (wholes, mut is_cut) = (scope::wholes(&sources), vec![false; sources.len()]);
    let listed = each_page(&walks, |index, page| {
        let page = match page {
            Ok(page) => page,
            Err(trouble) => {
                is_cut[index] = true;
                return gaps.add(&sources[index], trouble).map(|()| true);
            }
        };
        *roll.objects[index].get_or_insert(0) += page.objects;
        if wholes[index].is_some_and(|whole| !is_cut[whole]) {
            return Ok(true);
        }
        roll.overhear(page.others);
        for sighting in page.sightings {
            let kind = &sources[index].kind;
            roll.call(kind, &sighting);
            let view = View::sighted(kind, sighting);
            if command.order.is_some() { sorted.push(view) } else { printer.add(&view)? }
        }
        Ok(!printer.is_unread())
    });
    listed.await?;
    if let Some(order) = command.order {
        order.sort(&mut sorted);
        sorted.iter().try_for_each(|view| printer.add(view))?;
    }
    let (count, is_unread) = (printer.count(), printer.is_unread());
    printer.end()?;
    if is_unread {
        return Ok(Exit::Done);
    }
    let exit = roll.end(&sources, &mut gaps).await;
    if count == 0 && gaps.failures.is_empty() {
        let looked_at = Source::describe_all(&gaps.looked_at(sources, command)?);
        talk::note(command.common, &format!("no locks on {looked_at}"));
    }
    Ok(gaps.tell(command).unwrap_or(exit))
}

/// Lists one source after the other, a few ahead, and passes each page on, until nobody wants more.
/// Trouble is the last of its source.
pub(super) async fn each_page(
    walks: &[Walk],
    mut take: impl FnMut(usize, Result<Page, Trouble>) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut rest = walks.iter().enumerate();
    let mut under_way = VecDeque::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some((index, walk)) = rest.next()
        {
            under_way.push_back((index, walk.clone().start()));
        }
        let Some((index, mut pages)) = under_way.pop_front() else { return Ok(()) };
        while let Some(page) = pages.recv().await {
            if !take(index, page)? {
                return Ok(());
            }
        }
    }
}

impl Gaps {
    /// Fails where the other lists would do no better.
    pub(super) fn add(&mut self, source: &Source, trouble: Trouble) -> Result<(), Failure> {
        match trouble {
            Trouble::Denied(_) if source.by_the_way => self.skipped.push(source.kind.resource()),
            Trouble::Denied(failure) | Trouble::Failed(failure) if failure.exit != Exit::Usage => {
                self.failures.push(failure);
            }
            trouble => return Err(trouble.into_failure()),
        }
        Ok(())
    }

    /// Those that could be listed. If none could, that is a failure.
    pub(super) fn looked_at(
        &self,
        sources: Vec<Source>,
        command: &Command<'_>,
    ) -> Result<Vec<Source>, Failure> {
        let is_skipped = |source: &Source| self.skipped.contains(&source.kind.resource());
        let count = sources.len();
        let rest: Vec<_> = sources.into_iter().filter(|source| !is_skipped(source)).collect();
        if rest.is_empty() {
            let message = format!("not allowed to list any of the {count} kinds that carry locks");
            let get = command.session.flags().own_line(&command.scope.get_one());
            return Err(Failure::failed(message)
                .hint(format!("a lock that is named needs no more than get: {get}")));
        }
        Ok(rest)
    }

    /// Names what is missing, once; returns how bad that is.
    pub(super) fn tell(&self, command: &Command<'_>) -> Option<Exit> {
        if !self.skipped.is_empty() {
            let skipped = self.skipped.join(", ");
            talk::note(command.common, &format!("skipped, for you may not list them: {skipped}"));
        }
        self.failures.iter().for_each(talk::failure);
        let mut exits = self.failures.iter().map(|failure| failure.exit);
        let first = exits.clone().next();
        exits.find(|exit| *exit != Exit::NotHeld).or(first)
    }
}

/// Whether what was named is there.
struct Roll<'a> {
    command: &'a Command<'a>,
    /// How many objects each source has, if it could be listed.
    objects: Vec<Option<usize>>,
    missing: Vec<LockName>,
    /// Some that nobody asked for.
    others: Vec<LockName>,
    malformed: Vec<Failure>,
    exit: Exit,
}

impl<'a> Roll<'a> {
    fn new(command: &'a Command<'a>, sources: usize) -> Self {
        let (objects, missing) = (vec![None; sources], once(command.scope.locks.to_vec()));
        let (others, malformed) = (Vec::new(), Vec::new());
        Self { command, objects, missing, others, malformed, exit: Exit::Done }
    }

    fn call(&mut self, kind: &Kind, sighting: &Sighting) {
        if self.command.scope.locks.is_empty() {
            return;
        }
        self.missing.retain(|lock| *lock != sighting.lock.name);
        match &sighting.record {
            Ok(_) if sighting.expired => self.exit = Exit::NotHeld,
            Ok(_) => {}
            Err(malformed) => {
                let target = Target::of(kind.clone(), &sighting.lock);
                let lock = Box::new(sighting.lock.clone());
                let error = kubelock::Error::Malformed { lock, source: malformed.clone() };
                self.malformed.push(self.command.session.explain("get", &target, &error));
            }
        }
    }

    /// What else there is, in case that something is not there.
    fn overhear(&mut self, others: Vec<LockName>) {
        let room = OTHERS - self.others.len();
        self.others.extend(others.into_iter().take(room));
    }

    /// Adds what is not there to what was wrong.
    async fn end(self, sources: &[Source], gaps: &mut Gaps) -> Exit {
        let is_missing = |(source, objects): &(&Source, Option<usize>)| {
            source.object.is_some() && *objects == Some(0)
        };
        let listed = sources.iter().zip(&self.objects).filter(|(_, objects)| objects.is_some());
        let listed: Vec<_> = listed.map(|(source, _)| source.clone()).collect();
        for (source, _) in sources.iter().zip(self.objects).filter(is_missing) {
            gaps.failures.push(no_such_object(source, self.command).await);
        }
        gaps.failures.extend(self.malformed);
        // Of what could not be listed nothing is known.
        let missing = self.missing.iter().filter(|_| !listed.is_empty());
        gaps.failures.extend(missing.map(|lock| {
            let place = Source::describe_all(&listed);
            let failure =
                Failure::new(Exit::NotHeld, format!("there is no lock \"{lock}\" on {place}"));
            let others = self.others.iter().map(LockName::as_str);
            nearby::question(lock.as_str(), others).into_iter().fold(failure, Failure::hint)
        }));
        self.exit
    }
}

async fn no_such_object(source: &Source, command: &Command<'_>) -> Failure {
    let failure = Failure::failed(format!("there is no {}", source.describe()));
    let Some(object) = &source.object else { return failure };
    let place = Place {
        kind: &source.kind,
        namespace: source.namespace.as_deref(),
        object: object.as_str(),
        lock: "",
    };
    let nearby = command.session.nearby(Missing::Object, place).await;
    nearby.into_iter().fold(failure, Failure::hint)
}
