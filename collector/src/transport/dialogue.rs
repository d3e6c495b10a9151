//! Questions and answers before ldap3 takes over: one request, one answer, one time limit.
//!
//! Reads exactly one message at a time, so that not a byte behind an answer is consumed: what follows the answer
//! to StartTLS or to the last step of a bind belongs to another layer.

use std::time::Duration;

use ldap3::LdapResult;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::message::{self, Answer};
use crate::ldap::failure::{self, Failure};

/// Anything bytes can be exchanged with.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// The longest message that is read before the bind is done. Answers to a bind hold a Kerberos token at most.
const MESSAGE_LIMIT: usize = 1 << 20;

/// SEQUENCE, the tag of every LDAPMessage.
const SEQUENCE: u8 = 0x30;

/// A connection that is not bound yet.
pub(super) struct Dialogue {
    wire: Box<dyn Wire>,
    address: String,
    limit: Duration,
    asked: u32,
}

impl Dialogue {
    /// `address` is for sentences; `limit` holds for each answer.
    pub(super) fn new(wire: Box<dyn Wire>, address: &str, limit: Duration) -> Self {
        Self {
            wire,
            address: address.to_owned(),
            limit,
            asked: 0,
        }
    }

    /// The wire, with nothing read ahead.
    pub(super) fn into_wire(self) -> Box<dyn Wire> {
        self.wire
    }

    /// Asks and waits for a result.
    ///
    /// # Errors
    /// The connection broke, the time was up, the answer makes no sense, or the server took its leave.
    pub(super) async fn ask(
        &mut self,
        operation: &[u8],
    ) -> Result<(LdapResult, Option<Vec<u8>>), Failure> {
        self.ask_for(operation)
            .await
            .map(|(result, value, _)| (result, value))
    }

    /// Asks for one attribute of the root DSE: its first value, if there is one and it is text.
    pub(super) async fn root_dse(&mut self, attribute: &str) -> Result<Option<String>, Failure> {
        let (_, _, entry) = self.ask_for(&message::root_dse(attribute)).await?;
        Ok(entry.and_then(|value| String::from_utf8(value).ok()))
    }

    async fn ask_for(
        &mut self,
        operation: &[u8],
    ) -> Result<(LdapResult, Option<Vec<u8>>, Option<Vec<u8>>), Failure> {
        let limit = self.limit;
        match tokio::time::timeout(limit, self.exchange(operation)).await {
            Ok(answer) => answer,
            Err(_) => Err(failure::silent(&self.address)),
        }
    }

    async fn exchange(
        &mut self,
        operation: &[u8],
    ) -> Result<(LdapResult, Option<Vec<u8>>, Option<Vec<u8>>), Failure> {
        self.asked += 1;
        let request = message::envelope(self.asked, operation);
        let sent = async {
            self.wire.write_all(&request).await?;
            self.wire.flush().await
        };
        sent.await
            .map_err(|error| failure::broken(&self.address, &error))?;
        let mut entry = None;
        // An entry of the root DSE and its result; anything longer is not what was asked for.
        for _ in 0..8 {
            let (id, answer) = self.read().await?;
            match answer {
                // The notice of disconnection (RFC 4511, section 4.4.1).
                Answer::Result { result, .. } if id == 0 => {
                    return Err(failure::dismissed(&self.address, &result));
                }
                _ if id != self.asked => return Err(failure::nonsense(&self.address)),
                Answer::Result { result, value } => return Ok((result, value, entry)),
                Answer::Entry(value) => entry = value,
            }
        }
        Err(failure::nonsense(&self.address))
    }

    async fn read(&mut self) -> Result<(u32, Answer), Failure> {
        match read_message(&mut self.wire).await {
            Ok(Some(bytes)) => {
                message::parse(&bytes).ok_or_else(|| failure::nonsense(&self.address))
            }
            Ok(None) => Err(failure::nonsense(&self.address)),
            Err(error) => Err(failure::broken(&self.address, &error)),
        }
    }
}

/// Reads one message and not a byte more. `None` if it is no LDAPMessage or longer than [`MESSAGE_LIMIT`].
pub(super) async fn read_message<R: AsyncRead + Unpin>(
    wire: &mut R,
) -> std::io::Result<Option<Vec<u8>>> {
    let tag = wire.read_u8().await?;
    let first = wire.read_u8().await?;
    let mut bytes = vec![tag, first];
    let length = match first {
        0..=0x7F => usize::from(first),
        0x81..=0x84 => {
            let mut length = 0_usize;
            for _ in 0x80..first {
                let octet = wire.read_u8().await?;
                bytes.push(octet);
                length = length << 8 | usize::from(octet);
            }
            length
        }
        _ => return Ok(None),
    };
    if tag != SEQUENCE || length > MESSAGE_LIMIT {
        return Ok(None);
    }
    let wanted = bytes.len() + length;
    // `take` lets the buffer grow with what has arrived, not with what was announced.
    wire.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < wanted {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn run<F: std::future::Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    const SUCCESS: &[u8] = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";

    #[test]
    fn nothing_behind_the_answer_is_read() {
        run(async {
            let (client, mut server) = tokio::io::duplex(4096);
            server.write_all(SUCCESS).await.unwrap();
            server.write_all(b"injected").await.unwrap();
            let mut dialogue = Dialogue::new(Box::new(client), "dc1", Duration::from_secs(5));
            let (result, _) = dialogue.ask(&message::start_tls()).await.unwrap();
            assert_eq!(result.rc, 0);
            let mut rest = [0; 8];
            dialogue.into_wire().read_exact(&mut rest).await.unwrap();
            assert_eq!(&rest, b"injected");
        });
    }

    #[test]
    fn a_message_that_is_too_long_or_cut_or_foreign_is_a_sentence() {
        let foreign = b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice();
        let too_long = b"\x30\x84\x7f\xff\xff\xff".as_slice();
        let cut = SUCCESS.get(..9).unwrap();
        let other_id = b"\x30\x0c\x02\x01\x09\x78\x07\x0a\x01\x00\x04\x00\x04\x00".as_slice();
        let goodbye = b"\x30\x0f\x02\x01\x00\x78\x0a\x0a\x01\x34\x04\x00\x04\x03bye".as_slice();
        for (bytes, says) in [
            (foreign, "does not speak LDAP"),
            (too_long, "does not speak LDAP"),
            (cut, "closed"),
            (other_id, "does not speak LDAP"),
            (goodbye, "bye"),
        ] {
            run(async {
                let (client, mut server) = tokio::io::duplex(4096);
                server.write_all(bytes).await.unwrap();
                server.shutdown().await.unwrap();
                let mut dialogue = Dialogue::new(Box::new(client), "dc1", Duration::from_secs(5));
                let error = dialogue.ask(&message::start_tls()).await.unwrap_err();
                assert!(error.to_string().contains(says), "{error}");
            });
        }
    }

    #[test]
    fn a_silent_server_is_given_up() {
        run(async {
            let (client, _server) = tokio::io::duplex(4096);
            let mut dialogue = Dialogue::new(Box::new(client), "dc1", Duration::from_millis(20));
            let error = dialogue.ask(&message::start_tls()).await.unwrap_err();
            assert!(error.to_string().contains("in time"), "{error}");
        });
    }
}
