//! What is true, whatever anybody believes: which rules a history has broken.

use std::rc::Rc;

use kubelock_core::hold::Loss;
use kubelock_core::token::FencingToken;

/// What a process tells its caller.
#[derive(Debug, Clone)]
pub enum Told {
    /// It begins another attempt to get the lock.
    Claims,
    /// The lock is held, with this token if there is one.
    Holds(Option<FencingToken>),
    /// It is not, and nothing that was sent will change that.
    Declined,
    /// It is not known.
    Unknown,
    /// The hold was lost.
    Lost(Loss),
    /// The record was given back.
    Freed,
    /// The guarded write was applied; was not, nor will be; or that is not known.
    Guarded(Option<bool>),
}

/// What is true of one process's present attempt to get the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Account {
    claim: u8,
    holds: bool,
    declined: bool,
    /// Its record went away, or another one came in its place.
    gone: bool,
    /// What its record said when it went.
    last: Option<Rc<str>>,
    /// That was by somebody who keeps to no protocol.
    revoked: bool,
    /// The hold's time was over once.
    lapsed: bool,
    guarded: u8,
    guard_denied: bool,
    /// Its requests are sent once more by others: what was refused may have been done before.
    repeated: bool,
}

/// What is true.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ledger {
    accounts: Vec<Account>,
    /// The largest that was handed out.
    token: Option<(String, String)>,
    /// The first rule that was broken.
    pub violation: Option<Rc<str>>,
}

/// Who changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody who keeps to no protocol.
    Nobody,
    /// This process; by a request that was sent once more by others, or not.
    Process(u8, bool),
}

/// A change of the lock's annotation.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// By whom.
    pub by: By,
    /// What stood there.
    pub before: Option<&'a str>,
    /// What stands there now.
    pub after: Option<&'a str>,
    /// Whether it stands on another object.
    pub is_elsewhere: bool,
}

impl Ledger {
    /// Nothing has happened among so many.
    pub fn new(actors: usize) -> Self {
        Self { accounts: vec![Account::default(); actors], token: None, violation: None }
    }

    fn broken(&mut self, rule: String) {
        self.violation.get_or_insert(rule.into());
    }

    fn account(&mut self, who: u8) -> Option<&mut Account> {
        self.accounts.get_mut(usize::from(who))
    }

    /// Whether what this process believes counts: nobody took its record away.
    fn counts(&self, who: u8) -> bool {
        self.accounts.get(usize::from(who)).is_some_and(|account| !account.revoked)
    }

    /// The annotation has changed, while these believed that they hold.
    pub fn changed(&mut self, change: Change<'_>, believers: &[u8]) {
        let (before, after) = (change.before.and_then(owner), change.after.and_then(owner));
        if change.before == change.after && !change.is_elsewhere {
            return;
        }
        if let Some((who, _)) = before
            && (before != after || change.is_elsewhere)
        {
            self.left(who, change, believers);
        }
        if let Some((who, claim)) = after
            && let By::Process(_, is_copy) = change.by
        {
            self.landed((who, claim), change.after, is_copy);
        }
    }

    fn left(&mut self, who: u8, change: Change<'_>, believers: &[u8]) {
        if let By::Process(by, _) = change.by
            && believers.contains(&who)
            && self.counts(who)
        {
            self.broken(format!("{by} took away what {who} validly holds"));
        }
        if let Some(account) = self.account(who) {
            account.gone = true;
            account.last = change.before.map(Rc::from);
            account.revoked |= change.by == By::Nobody;
        }
    }

    /// A client or a proxy that repeats requests may bring a record back as it was, or one whose
    /// claim was refused. That is a known limit with such a client: a delay, and for guarded
    /// writes the exception to their rule.
    fn landed(&mut self, (who, claim): (u8, u8), value: Option<&str>, is_copy: bool) {
        let Some(account) = self.account(who).filter(|account| account.claim == claim) else {
            return;
        };
        account.gone &= account.holds && account.last.as_deref() != value;
        account.revoked &= account.holds;
        account.repeated |= is_copy;
        if account.declined && !is_copy {
            self.broken(format!("{who} was told that it does not get the lock, and got it"));
        }
    }

    /// Somebody's guarded write was applied, over the record that stands there.
    pub fn guarded(&mut self, who: u8, over: Option<&str>) {
        let is_own = over.and_then(owner).is_some_and(|(owner, _)| owner == who);
        let Some(account) = self.account(who) else { return };
        account.guarded += 1;
        let rule = match (account.guarded, account.gone || !is_own, account.guard_denied) {
            (2.., ..) => "was applied twice",
            (_, true, _) => "was applied after its record had gone",
            (.., true) => "was applied, and its caller had been told that it was not",
            _ => return,
        };
        self.broken(format!("a guarded write of {who} {rule}"));
    }

    /// A record was put on an object that is being deleted.
    pub fn took_dying(&mut self, who: u8) {
        self.broken(format!("{who} took the lock on an object that is being deleted"));
    }

    /// A process has told its caller something.
    pub fn told(&mut self, who: u8, told: &Told, stands: Option<&str>) {
        let claim = self.account(who).map_or(0, |account| account.claim);
        let is_own = stands.and_then(owner) == Some((who, claim));
        let counts = self.counts(who);
        match told {
            Told::Claims => {
                if let Some(account) = self.account(who) {
                    *account = Account { claim: claim + 1, ..Account::default() };
                }
            }
            Told::Holds(token) => self.holds(who, token.as_ref(), is_own, counts),
            Told::Declined if is_own && !self.is_repeated(who) => {
                self.broken(format!("{who} was told that it does not get the lock, and has it"));
            }
            Told::Declined => {
                if let Some(account) = self.account(who) {
                    account.declined = true;
                }
            }
            Told::Lost(loss) => self.lost(who, loss),
            Told::Freed if !self.is_gone(who) => {
                self.broken(format!("{who} was told that it gave the lock back, and did not"));
            }
            Told::Guarded(applied) => self.guard_told(who, *applied),
            Told::Unknown | Told::Freed => {}
        }
    }

    /// A request of this process was done, and another copy of it will be answered.
    pub fn repeats(&mut self, who: u8) {
        if let Some(account) = self.account(who) {
            account.repeated = true;
        }
    }

    fn is_repeated(&self, who: u8) -> bool {
        self.accounts.get(usize::from(who)).is_some_and(|account| account.repeated)
    }

    fn is_gone(&self, who: u8) -> bool {
        self.accounts.get(usize::from(who)).is_some_and(|account| account.gone)
    }

    fn holds(&mut self, who: u8, token: Option<&FencingToken>, is_own: bool, counts: bool) {
        if !is_own && counts {
            self.broken(format!(
                "{who} was told that it holds the lock, and its record is not there"
            ));
        }
        if let Some(account) = self.account(who) {
            (account.holds, account.lapsed) = (true, false);
        }
        let Some(token) = token.filter(|_| counts) else { return };
        let last =
            self.token.as_ref().and_then(|(version, uid)| FencingToken::new(version, uid).ok());
        if last.is_some_and(|last| *token <= last) {
            self.broken(format!("{who} got a token that is not above the one before"));
        }
        self.token = Some((token.resource_version().to_owned(), token.uid().to_owned()));
    }

    fn lost(&mut self, who: u8, loss: &Loss) {
        let says_gone = !matches!(loss, Loss::Deadline | Loss::Altered);
        if says_gone && !self.is_gone(who) {
            self.broken(format!("{who} was told that its lock was lost ({loss}), and it was not"));
        }
    }

    fn guard_told(&mut self, who: u8, applied: Option<bool>) {
        let Some(account) = self.account(who) else { return };
        let was = account.guarded > 0;
        let denied = applied == Some(false) && !account.repeated;
        account.guard_denied |= denied;
        if (denied && was) || (applied == Some(true) && !was) {
            self.broken(format!("{who} was told the contrary of what its guarded write did"));
        }
    }

    /// Who believes to hold, now.
    pub fn believed(&mut self, believers: &[u8]) {
        let valid: Vec<u8> = believers.iter().copied().filter(|who| self.counts(*who)).collect();
        if let [first, second, ..] = valid[..] {
            self.broken(format!("{first} and {second} validly hold at once"));
        }
        for who in (0_u8..).take(self.accounts.len()) {
            let is_valid = believers.contains(&who);
            let Some(account) = self.account(who).filter(|account| account.holds) else { continue };
            let has_come_back = is_valid && account.lapsed;
            account.lapsed |= !is_valid;
            if has_come_back {
                self.broken(format!("the hold of {who} was over, and came back"));
            }
        }
    }
}

/// Whose record it is, and of which of its attempts, as its owner label says.
pub fn owner(value: &str) -> Option<(u8, u8)> {
    let label = value.strip_prefix(r#"{"owner":""#)?.split('"').next()?;
    let (who, claim) = label.split_once('-')?;
    Some((who.parse().ok()?, claim.parse().ok()?))
}
