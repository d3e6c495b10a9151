//! The controller's own word on what principals may do: each binds as itself and reads the three constructed attributes
//! of MS-ADTS 3.1.1.4.5.4, 3.1.1.4.5.5 and 3.1.1.4.5.7. Computes nothing. The script is `effective.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::planted::PlantedObject;
use super::provision::SMB_CONF;
use super::{DomainController, command, packages};

const SCRIPT: &str = include_str!("effective.py");
const LIMIT: Duration = Duration::from_secs(600);
/// Samba answers with two processes (`provision.rs`).
const AT_ONCE: usize = 2;

/// Names, shared by the many objects that have the same.
pub type Names = Arc<BTreeSet<String>>;

/// What one principal may do with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// sDRightsEffective: owner 1, group 2, DACL 4, SACL 8.
    pub sd_rights: u32,
    /// allowedAttributesEffective, lDAPDisplayNames.
    pub write_attributes: Names,
    /// allowedChildClassesEffective, lDAPDisplayNames.
    pub create_classes: Names,
}

/// What the controller told one principal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// SIDs of the token that it made for the principal: tokenGroups of the root DSE.
    pub token: BTreeSet<String>,
    /// By DN. An object that the controller did not show is not in here, one with which nothing may be done is.
    pub objects: BTreeMap<String, Effective>,
}

impl DomainController {
    /// The planted principals that can bind, [`Self::low_user`] among them.
    pub fn askers(&self) -> Vec<&PlantedObject> {
        let objects = self.planted.objects.iter();
        objects.filter(|object| object.password.is_some()).collect()
    }

    /// Binds as each of `principals` (of [`Self::askers`]) and reads what it may do in `places`: a scope (`base`, `one`,
    /// `sub`) and a DN each. The answers are in the order of the principals.
    ///
    /// # Errors
    /// A principal has no password, or the server refuses it.
    pub fn effective(
        &self,
        principals: &[&PlantedObject],
        places: &[(&str, &str)],
    ) -> Result<Vec<Answers>> {
        let size = principals.len().div_ceil(AT_ONCE).max(1);
        thread::scope(|scope| {
            let running: Vec<_> = principals
                .chunks(size)
                .map(|some| scope.spawn(|| self.ask(some, places)))
                .collect();
            let mut answers = Vec::new();
            for thread in running {
                match thread.join() {
                    Ok(some) => answers.extend(some?),
                    Err(_) => bail!("a thread that asks as several principals panicked"),
                }
            }
            Ok(answers)
        })
    }

    fn ask(&self, principals: &[&PlantedObject], places: &[(&str, &str)]) -> Result<Vec<Answers>> {
        let folder = tempfile::tempdir_in(self.directory.path())
            .context("cannot make a directory for effective.py")?;
        let mut lines = String::new();
        for principal in principals {
            let name = &principal.name;
            let Some(password) = principal.password else {
                bail!("{name} has no password to bind with");
            };
            lines.push_str(&format!("{}\\{name}\t{password}\n", self.domain.netbios()));
        }
        let file = folder.path().join("principals");
        fs::write(&file, lines).with_context(|| format!("cannot write {}", file.display()))?;
        let mut python = Command::new(packages::PYTHON);
        python
            .args(["-I", "-c", SCRIPT])
            .arg(self.directory.path().join(SMB_CONF))
            .arg(self.address().to_string())
            .arg(&file);
        for (scope, base) in places {
            python.args([scope, base]);
        }
        let output = command::run(&mut python, folder.path(), "effective.py", LIMIT)
            .context("cannot ask the controller what principals may do")?;
        let output = String::from_utf8(output).context("effective.py printed other than text")?;
        let answers = parse(&output)?;
        ensure!(
            answers.len() == principals.len(),
            "effective.py answered for {} of {} principals",
            answers.len(),
            principals.len()
        );
        Ok(answers)
    }
}

/// The output of `effective.py`.
fn parse(output: &str) -> Result<Vec<Answers>> {
    let mut texts: Vec<(String, Names)> = Vec::new();
    let mut answers: Vec<Answers> = Vec::new();
    for line in output.lines() {
        let Some((what, rest)) = line.split_once(' ') else {
            bail!("effective.py printed a line it should not: {line}");
        };
        if what == "text" {
            let names = rest.split_whitespace().map(str::to_owned).collect();
            texts.push((rest.to_owned(), Arc::new(names)));
            continue;
        }
        if what == "as" {
            answers.push(Answers::default());
            continue;
        }
        let Some(current) = answers.last_mut() else {
            bail!("effective.py printed {what} before a principal");
        };
        if what == "sid" {
            current.token.insert(rest.to_owned());
            continue;
        }
        ensure!(what == "on", "effective.py printed {what}");
        let numbers: Vec<usize> = rest
            .split(' ')
            .map(|number| number.parse().with_context(|| format!("{line}: no number")))
            .collect::<Result<_>>()?;
        let [dn, rights, attributes, classes] = numbers[..] else {
            bail!("effective.py printed {line}");
        };
        let text = |place: usize| texts.get(place).with_context(|| format!("{line}: no text"));
        current.objects.insert(
            text(dn)?.0.clone(),
            Effective {
                sd_rights: u32::try_from(rights)?,
                write_attributes: Arc::clone(&text(attributes)?.1),
                create_classes: Arc::clone(&text(classes)?.1),
            },
        );
    }
    Ok(answers)
}
