//! Locks whose names and objects are known: a read each.

use kubelock::{GetOptions, LockName};

use super::Command;
use crate::commands::session::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::once::once;
use crate::output::view::View;
use crate::output::{self, talk};
use crate::target::{Carrier, Target};

pub(super) async fn run(command: &Command<'_>, carriers: &[Carrier]) -> Result<Exit, Failure> {
    let Command { session, scope, .. } = command;
    let mut targets = Vec::new();
    for carrier in carriers {
        let kind = session.kind(carrier).await?;
        let target = |name: &LockName| session.target(name.clone(), carrier, kind.clone());
        targets.extend(scope.locks.iter().map(target));
    }
    let mut views = Vec::new();
    let mut failures = Vec::new();
    for target in once(targets) {
        match look(session, &target).await {
            Ok(view) => views.push(view),
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(order) = command.order {
        order.sort(&mut views);
    }
    if scope.locks.len() * carriers.len() == 1 {
        views.first().map_or(Ok(()), |view| output::one(command.format, view))?;
    } else {
        output::many(command.format, &views)?;
    }
    failures.iter().for_each(talk::failure);
    Ok(verdict(&views, &failures))
}

/// One lock's record, expired ones too; a free lock is a failure, as a missing object is to kubectl.
async fn look(session: &Session, target: &Target) -> Result<View, Failure> {
    let lock = session.lock(target)?;
    let options = GetOptions { deadline: session.deadline.left(), ..GetOptions::default() };
    let state = lock.get(&target.object, options).await;
    let state = session.explained("get", target, state).await?;
    match View::of(target, state) {
        Some(view) => Ok(view),
        None => Err(session.not_held("get", target).await),
    }
}

/// What could not be read outweighs what is not held.
fn verdict(views: &[View], failures: &[Failure]) -> Exit {
    let mut exits = failures.iter().map(|failure| failure.exit);
    if let Some(exit) = exits.find(|exit| *exit != Exit::NotHeld) {
        return exit;
    }
    if failures.is_empty() && views.iter().all(View::is_held) { Exit::Done } else { Exit::NotHeld }
}
