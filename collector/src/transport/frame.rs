//! SASL buffers on a stream (RFC 4422, section 3.7): four octets of length in network byte order, then so many
//! octets that a security layer has wrapped.
//!
//! Owns where a buffer begins and ends. Deliberately knows nothing of what is inside, nor where an LDAP message ends.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The largest buffer accepted, in octets: what three octets can announce (RFC 4752, section 3.1).
pub(super) const LARGEST: u32 = 0x00FF_FFFF;

/// Reads the next buffer into `frame`, whatever was in it. False at an orderly end between two buffers.
///
/// # Errors
/// The stream ends inside a buffer, or a buffer larger than `largest` is announced; that many octets are not
/// even reserved: `frame` grows with what has arrived.
pub(super) async fn read<R: AsyncRead + Unpin>(
    stream: &mut R,
    largest: u32,
    frame: &mut Vec<u8>,
) -> io::Result<bool> {
    frame.clear();
    let mut header = Vec::with_capacity(4);
    stream.take(4).read_to_end(&mut header).await?;
    if header.is_empty() {
        return Ok(false);
    }
    let Ok(header) = <[u8; 4]>::try_from(header) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let length = u32::from_be_bytes(header);
    if length > largest {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "a sealed buffer of {length} bytes was announced; at most {largest} are accepted"
            ),
        ));
    }
    let arrived = stream.take(u64::from(length)).read_to_end(frame).await?;
    if arrived < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(true)
}

/// Writes one buffer.
pub(super) async fn write<W: AsyncWrite + Unpin>(stream: &mut W, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a buffer of over 4 GiB"))?;
    // One write, so that the length does not travel in a packet of its own.
    let mut bytes = Vec::with_capacity(frame.len() + 4);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame);
    stream.write_all(&bytes).await
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    /// A stream that arrives in given pieces.
    struct Pieces(VecDeque<Vec<u8>>);

    impl Pieces {
        /// `bytes` cut at `cuts` (any numbers).
        fn new(bytes: &[u8], cuts: &[usize]) -> Self {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            cuts.dedup();
            let pieces = cuts.windows(2).filter_map(|pair| match pair {
                [from, to] => bytes.get(*from..*to).map(<[u8]>::to_vec),
                _ => None,
            });
            Self(pieces.collect())
        }
    }

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if let Some(piece) = self.0.front_mut() {
                let count = piece.len().min(buffer.remaining());
                buffer.put_slice(&piece.drain(..count).collect::<Vec<u8>>());
                if piece.is_empty() {
                    self.0.pop_front();
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    fn run<F: std::future::Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn on_the_wire(frames: &[Vec<u8>]) -> Vec<u8> {
        run(async {
            let mut bytes = Vec::new();
            for frame in frames {
                write(&mut bytes, frame).await.unwrap();
            }
            bytes
        })
    }

    fn all(mut stream: Pieces, largest: u32) -> io::Result<Vec<Vec<u8>>> {
        run(async {
            let mut frames = Vec::new();
            let mut frame = Vec::new();
            while read(&mut stream, largest, &mut frame).await? {
                frames.push(frame.clone());
            }
            Ok(frames)
        })
    }

    proptest! {
        #[test]
        fn frames_survive_any_split(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..8),
            cuts in proptest::collection::vec(any::<usize>(), 0..40),
        ) {
            let bytes = on_the_wire(&frames);
            prop_assert_eq!(all(Pieces::new(&bytes, &cuts), LARGEST).unwrap(), frames);
        }

        #[test]
        fn a_cut_stream_is_never_an_orderly_end(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 1..5),
            at in any::<usize>(),
            cuts in proptest::collection::vec(any::<usize>(), 0..10),
        ) {
            let bytes = on_the_wire(&frames);
            let kept = at % bytes.len();
            let whole: Vec<usize> = frames.iter().scan(0, |end, frame| { *end += frame.len() + 4; Some(*end) }).collect();
            let outcome = all(Pieces::new(bytes.get(..kept).unwrap(), &cuts), LARGEST);
            if kept == 0 || whole.contains(&kept) {
                prop_assert_eq!(outcome.unwrap().len(), whole.iter().filter(|end| **end <= kept).count());
            } else {
                prop_assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            }
        }
    }

    #[test]
    fn a_frame_that_is_too_large_is_refused_by_its_length() {
        for length in [11_u32, 0x0100_0000, u32::MAX] {
            let stream = Pieces::new(&length.to_be_bytes(), &[1, 2]);
            let error = all(stream, 10).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().contains(&length.to_string()), "{error}");
        }
        let fits = on_the_wire(&[vec![7; 10]]);
        assert_eq!(all(Pieces::new(&fits, &[]), 10).unwrap(), [vec![7; 10]]);
    }
}
