//! SASL GSS-SPNEGO with NTLM tokens (MS-NLMP), signed and sealed on port 389.
//!
//! The tokens go unwrapped, as Active Directory and Samba accept them (MS-SPNG 3.2.5.2). Inside TLS neither signing
//! nor sealing is asked for (MS-ADTS 5.1.2.2), but the channel binding of that TLS is sent. NTLMv2 only.

use std::io;

use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, CredentialUse, DataRepresentation,
    EncryptionFlags, Ntlm, SecurityBuffer, SecurityBufferRef, Sspi, SspiImpl, Username,
};

use super::bind::{Goal, IN_PROGRESS, accepted};
use super::dialogue::Dialogue;
use super::message;
use super::pump::SecurityLayer;
use crate::ldap::failure::Failure;

const MECHANISM: &str = "GSS-SPNEGO";

/// The signature in front of each sealed buffer (MS-NLMP 2.2.2.9.1), in octets.
const SIGNATURE: usize = 16;

/// The most octets sealed at once. Requests are far smaller; servers take 64 KiB and more.
const LARGEST: usize = 32 * 1024;

type Credentials = Option<sspi::AuthIdentityBuffers>;

/// Binds; returns the layer if one was wanted.
pub(super) async fn bind(
    dialogue: &mut Dialogue,
    goal: Goal<'_>,
    user: &str,
    password: &str,
) -> Result<Option<Box<dyn SecurityLayer>>, Failure> {
    let username = Username::parse(user).map_err(|error| {
        Failure::new(format!(
            "{user} is no name for NTLM ({error}); write DOMAIN\\user or user@domain"
        ))
    })?;
    let identity = AuthIdentity {
        username,
        password: password.to_owned().into(),
    };
    let mut ntlm = Ntlm::new();
    let mut credentials: Credentials = ntlm
        .acquire_credentials_handle()
        .with_credential_use(CredentialUse::Outbound)
        .with_auth_data(&identity)
        .execute(&mut ntlm)
        .map_err(failed)?
        .credentials_handle;
    if let Some(binding) = goal.binding {
        ntlm.set_channel_bindings(binding);
    }

    let negotiate = step(&mut ntlm, &mut credentials, goal.sealed, Vec::new())?;
    let operation = message::sasl_bind(MECHANISM, Some(&negotiate));
    let (result, challenge) = dialogue.ask(&operation).await?;
    if result.rc != IN_PROGRESS {
        accepted(user, goal.attempt, &result)?;
        return Err(unfinished());
    }
    let challenge = challenge.ok_or_else(unfinished)?;
    let authenticate = step(&mut ntlm, &mut credentials, goal.sealed, challenge)?;
    let operation = message::sasl_bind(MECHANISM, Some(&authenticate));
    let (result, _) = dialogue.ask(&operation).await?;
    accepted(user, goal.attempt, &result)?;
    Ok(goal
        .sealed
        .then(|| Box::new(Layer { ntlm }) as Box<dyn SecurityLayer>))
}

/// The message that answers `input`; the first one answers nothing.
fn step(
    ntlm: &mut Ntlm,
    credentials: &mut Credentials,
    sealed: bool,
    input: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let mut flags = ClientRequestFlags::ALLOCATE_MEMORY;
    if sealed {
        flags |= ClientRequestFlags::INTEGRITY | ClientRequestFlags::CONFIDENTIALITY;
    }
    let mut input = [SecurityBuffer::new(input, BufferType::Token)];
    let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let mut builder = ntlm
        .initialize_security_context()
        .with_credentials_handle(credentials)
        .with_context_requirements(flags)
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut input)
        .with_output(&mut output);
    ntlm.initialize_security_context_impl(&mut builder)
        .and_then(|mut steps| steps.resolve_to_result())
        .map_err(failed)?;
    let [token] = output;
    Ok(token.buffer)
}

fn failed(error: sspi::Error) -> Failure {
    Failure::new(format!("NTLM failed: {error}"))
}

fn unfinished() -> Failure {
    Failure::new("the server ended the NTLM bind before it was done; it may not accept NTLM at all")
}

/// Signing and sealing (MS-NLMP 3.4).
struct Layer {
    ntlm: Ntlm,
}

impl SecurityLayer for Layer {
    fn largest(&self) -> usize {
        LARGEST
    }

    fn wrap(&mut self, clear: &[u8]) -> io::Result<Vec<u8>> {
        let mut sealed = vec![0; SIGNATURE];
        sealed.extend_from_slice(clear);
        let (signature, data) = sealed.split_at_mut(SIGNATURE);
        let mut buffers = [
            SecurityBufferRef::token_buf(signature),
            SecurityBufferRef::data_buf(data),
        ];
        self.ntlm
            .encrypt_message(EncryptionFlags::empty(), &mut buffers)
            .map_err(broken)?;
        Ok(sealed)
    }

    fn unwrap(&mut self, sealed: &mut Vec<u8>) -> io::Result<Vec<u8>> {
        let Some((signature, data)) = sealed.split_at_mut_checked(SIGNATURE) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a sealed buffer without a signature",
            ));
        };
        let mut buffers = [
            SecurityBufferRef::token_buf(signature),
            SecurityBufferRef::data_buf(data),
        ];
        self.ntlm.decrypt_message(&mut buffers).map_err(broken)?;
        Ok(data.to_vec())
    }
}

fn broken(error: sspi::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
