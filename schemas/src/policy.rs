//! A setting of a group policy, as its files in SYSVOL spell it.
//!
//! Owns the row of table `policy_setting`. Deliberately does not read files (the collector does) and does not say to
//! which machines a policy applies.

/// One setting that a group policy's files hold. Values are text as written; nothing is computed from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySetting {
    /// The policy: its GUID in braces, upper case, the name of its folder in SYSVOL and of its object's `cn`.
    pub gpo: String,
    /// Which half of the policy holds it: `machine` or `user`.
    pub side: String,
    /// The file: `GptTmpl.inf` (MS-GPSB) or `registry.pol` (MS-GPREG).
    pub source: String,
    /// Section of `GptTmpl.inf`: `System Access`, `Kerberos Policy`, `Privilege Rights`, `Group Membership` or
    /// `Registry Values`. What `registry.pol` holds is `Registry Values` too.
    pub section: String,
    /// Name of the setting. Registry values are whole paths that begin with `MACHINE\`, the same for both files;
    /// names from a fixed list are spelled as in that list, whatever case the file uses.
    pub name: String,
    /// What `value` is: `integer`; `REG_DWORD` (decimal); `principals` (`*SID` or names, comma-separated, may be
    /// empty); `delete` (the policy removes the registry value, so the system's default holds).
    pub kind: String,
    /// The value as text; empty for `delete`.
    pub value: String,
}
