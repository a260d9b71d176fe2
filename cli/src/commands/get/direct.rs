//! Locks whose names and objects are known: a read each.

use kubelock::{Error, GetOptions, LockName, Standing};

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
        let (view, failure) = look(session, &target).await;
        views.extend(view);
        failures.extend(failure);
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

/// What stands on one lock, expired or malformed, and what is wrong with it; a free lock is a
/// failure, as a missing object is to kubectl.
async fn look(session: &Session, target: &Target) -> (Option<View>, Option<Failure>) {
    let standing = match read(session, target).await {
        Ok(Some(standing)) => standing,
        Ok(None) => return (None, Some(session.not_held("get", target).await)),
        Err(failure) => return (None, Some(failure)),
    };
    let failure = standing.record().err().map(|malformed| {
        let lock = Box::new(standing.lock().clone());
        let error = Error::Malformed { lock, source: malformed.clone() };
        session.explain("get", target, &error)
    });
    (Some(View::standing(target, &standing)), failure)
}

async fn read(session: &Session, target: &Target) -> Result<Option<Standing>, Failure> {
    let options = GetOptions { deadline: session.deadline.left(), ..GetOptions::default() };
    let standing = session.lock(target)?.standing(&target.object, options).await;
    session.explained("get", target, standing).await
}

/// What could not be read outweighs what is not held.
fn verdict(views: &[View], failures: &[Failure]) -> Exit {
    let mut exits = failures.iter().map(|failure| failure.exit);
    if let Some(exit) = exits.find(|exit| *exit != Exit::NotHeld) {
        return exit;
    }
    if failures.is_empty() && views.iter().all(View::is_held) { Exit::Done } else { Exit::NotHeld }
}
