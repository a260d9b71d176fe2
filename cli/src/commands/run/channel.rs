//! A socket between two of our processes, over which a descriptor can be passed.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::message::{FRAME, Message};

/// Standard descriptors end here: a copy must not become one of them.
const FIRST_FREE: i32 = 3;

/// One end of the socket. No program that is started inherits it.
#[derive(Debug)]
pub(super) struct Channel(UnixStream);

impl Channel {
    /// Both ends.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        UnixStream::pair().map(|(one, other)| (Self(one), Self(other)))
    }

    /// The end that this process was started with as its stdin.
    pub(super) fn from_stdin() -> io::Result<Self> {
        Ok(Self(fcntl_dupfd_cloexec(io::stdin(), FIRST_FREE)?.into()))
    }

    /// Sends without waiting: who does not listen must not hold the sender up.
    pub(super) fn send(&self, message: impl Message) -> io::Result<()> {
        self.send_with(message, &[])
    }

    /// Sends a message, and a descriptor of ours with it.
    pub(super) fn send_fd(&self, message: impl Message, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.send_with(message, &[fd])
    }

    fn send_with(&self, message: impl Message, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(fds));
        }
        let frame = message.frame();
        let sent = sendmsg(&self.0, &[IoSlice::new(&frame)], &mut control, SendFlags::DONTWAIT)?;
        if sent == FRAME { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Waits for a message; nothing once the other end is closed.
    pub(super) fn receive<M: Message>(&self) -> io::Result<Option<M>> {
        Ok(self.receive_fd()?.map(|(message, _)| message))
    }

    /// Waits for a message, and takes the descriptor that came with it.
    pub(super) fn receive_fd<M: Message>(&self) -> io::Result<Option<(M, Option<OwnedFd>)>> {
        let mut frame = [0; FRAME];
        let (got, fd) = self.receive_some(&mut frame)?;
        if got == 0 {
            return Ok(None);
        }
        (&self.0).read_exact(&mut frame[got..])?;
        let message = M::from_frame(frame).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Some((message, fd)))
    }

    fn receive_some(&self, frame: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(frame)];
        let got = rustix::io::retry_on_intr(|| {
            recvmsg(&self.0, &mut parts, &mut control, CLOSED_ON_EXEC)
        })?;
        let fds = control.drain().flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => fds.collect(),
            _ => Vec::new(),
        });
        Ok((got.bytes, fds.last()))
    }

    /// Another handle of the same end.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    pub(super) fn into_stream(self) -> UnixStream {
        self.0
    }
}

/// macOS cannot say so with the call; its descriptors reach nobody that is not ours either,
/// since the launcher has no other children and the warden none but the launcher.
#[cfg(not(target_vendor = "apple"))]
const CLOSED_ON_EXEC: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(target_vendor = "apple")]
const CLOSED_ON_EXEC: RecvFlags = RecvFlags::empty();

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.0.into()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::message::{Order, Report};
    use super::*;

    #[test]
    fn a_descriptor_travels_with_its_message() {
        let (here, there) = Channel::pair().unwrap();
        let (one, mut other) = UnixStream::pair().unwrap();
        here.send_fd(Order::Go, one.as_fd()).unwrap();
        here.send(Order::Resume).unwrap();
        drop(one);

        let (message, fd) = there.receive_fd::<Order>().unwrap().unwrap();
        assert_eq!(message, Order::Go);
        assert!(matches!(there.receive_fd::<Order>().unwrap(), Some((Order::Resume, None))));

        other.write_all(b"x").unwrap();
        let mut byte = [0];
        UnixStream::from(fd.unwrap()).read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"x");
    }

    #[test]
    fn the_end_of_the_other_side_is_the_end_of_the_messages() {
        let (here, there) = Channel::pair().unwrap();
        there.send(Report::Terminating).unwrap();
        drop(there);

        assert_eq!(here.receive().unwrap(), Some(Report::Terminating));
        assert_eq!(here.receive::<Report>().unwrap(), None);
        assert!(here.send(Order::Resume).is_err());
    }

    #[test]
    fn who_does_not_listen_holds_nobody_up() {
        let (here, _there) = Channel::pair().unwrap();
        let mut sent = 0;
        while here.send(Order::Resume).is_ok() {
            sent += 1;
            assert!(sent < 1_000_000);
        }
        assert!(sent > 10, "only {sent} messages found room");
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let (here, there) = Channel::pair().unwrap();
        (&there.0).write_all(&[0xff; FRAME]).unwrap();
        assert!(here.receive::<Order>().is_err());
    }
}
