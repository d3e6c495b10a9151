//! `coldcase access`: what one principal may do to one object, or to all of them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::AnalyzeExit;
use coldcase_winsec::Sid;
use coldcase_winsec::access::{Decider, Decision};
use serde::Serialize;

use super::source::Source;
use super::{load, output, tables};
use crate::arguments::{AccessArguments, TableFormat};
use crate::export::{Cell, Table};
use crate::frames::Analysis;
use crate::graph::{Answer, Answers, Granted, Holder, NamedRight, RightKind};
use crate::load::{Found, Object};
use crate::paths::Unseen;
use crate::report::{table, visible, wrap};

/// Groups of a token that are told by name.
const TOLD: usize = 12;

/// Objects with the same rights that are told by name.
const NAMED: usize = 8;

/// A line of the JSON output.
#[derive(Debug, Serialize)]
struct Line<'a> {
    principal: Principal<'a>,
    target: Target<'a>,
    /// False if the object's descriptor was not readable or is broken: nothing is known then.
    evaluated: bool,
    reason: &'static str,
    sd_rights: Option<u32>,
    write_attributes: Option<&'a [String]>,
    create_classes: Option<&'a [String]>,
    rights: Vec<RightLine>,
    /// What hangs on a condition that only the domain controller can evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<Unknown<'a>>,
}

#[derive(Debug, Serialize)]
struct Unknown<'a> {
    sd_rights: u32,
    write_attributes: &'a [String],
    create_classes: &'a [String],
}

/// What gives WRITE_OWNER and ACCESS_SYSTEM_SECURITY over everything (MS-DTYP 2.5.3.2).
const PRIVILEGES: &[&str] = &["SeTakeOwnershipPrivilege", "SeSecurityPrivilege"];

#[derive(Debug, Clone, Serialize)]
struct Principal<'a> {
    name: &'a str,
    sid: &'a str,
    /// Of an administrator on domain controllers, by default; they count before any DACL is read.
    privileges: &'static [&'static str],
    /// What was not collected or is not known, so that rights may be missing; empty if all was.
    incomplete: &'a [String],
}

#[derive(Debug, Serialize)]
struct Target<'a> {
    dn: &'a str,
    guid: Option<String>,
    sid: Option<String>,
    class: &'a str,
}

#[derive(Debug, Serialize)]
struct RightLine {
    right: &'static str,
    /// Position in the DACL; of msDS-GroupMSAMembership for read-password.
    ace: Option<usize>,
    decided_by: String,
    unknown: bool,
}

pub(super) fn run(arguments: &AccessArguments) -> Result<AnalyzeExit> {
    output::can_take(arguments.output.as_deref())?;
    let analysis = load(&arguments.snapshot, &arguments.config)?;
    let (holder, sid) = holder_of(&analysis, &arguments.principal)?;
    let target = arguments
        .target
        .as_deref()
        .map(|text| target_of(&analysis, text))
        .transpose()?;
    let effective = &analysis.effective;
    let administrators = Sid::from_str("S-1-5-32-544")
        .ok()
        .and_then(|sid| effective.tokens.of(&analysis.directory, &sid));
    let mut answers = Answers::new(effective, &analysis.directory, holder, administrators);
    let name = analysis.name_of(&sid);
    let limits = Unseen::of(&analysis);
    let incomplete = limits.of_tokens();
    let file = arguments.output.as_deref();
    let width = output::style(file, true).width;
    let sid_text = sid.to_string();
    let principal = Principal {
        name: &name,
        sid: &sid_text,
        privileges: if answers.is_privileged() {
            PRIVILEGES
        } else {
            &[]
        },
        incomplete: &incomplete,
    };
    if arguments.format == TableFormat::Csv {
        let mut table = Table::new("Access", &HEADS.map(|head| (head, 0)));
        for (place, object) in analysis.directory.objects.iter().enumerate() {
            if target.is_none_or(|target| target == place) {
                let answer = answers.of(place, object);
                table.push(cells(&line(
                    &analysis,
                    &principal,
                    object,
                    answer.as_deref(),
                )));
            }
        }
        tables::csv(file, &table)?;
        return Ok(AnalyzeExit::Clean);
    }
    output::to(file, |out| match (arguments.format, target) {
        (TableFormat::Json, _) => {
            for (place, object) in analysis.directory.objects.iter().enumerate() {
                if target.is_none_or(|target| target == place) {
                    let answer = answers.of(place, object);
                    serde_json::to_writer(
                        &mut *out,
                        &line(&analysis, &principal, object, answer.as_deref()),
                    )?;
                    out.write_all(b"\n")?;
                }
            }
            Ok(())
        }
        (TableFormat::Text | TableFormat::Csv, Some(place)) => {
            let Some(object) = analysis.directory.objects.get(place) else {
                return Ok(());
            };
            let answer = answers.of(place, object);
            head(out, &analysis, &answers, &name, &sid, width)?;
            one(out, &analysis, &answers, object, answer.as_deref(), width)?;
            unseen(out, &limits, width)
        }
        (TableFormat::Text | TableFormat::Csv, None) => {
            head(out, &analysis, &answers, &name, &sid, width)?;
            all(out, &analysis, &mut answers, width)?;
            unseen(out, &limits, width)
        }
    })?;
    Ok(AnalyzeExit::Clean)
}

/// Columns of the CSV output: a row is an object.
const HEADS: [&str; 15] = [
    "principal",
    "principal SID",
    "privileges",
    "may be more because",
    "DN",
    "class",
    "evaluated",
    "why not",
    "rights",
    "because of",
    "rights under a condition",
    "sd_rights",
    "write_attributes",
    "create_classes",
    "SID",
];

fn cells(line: &Line<'_>) -> Vec<Cell> {
    let (certain, doubtful): (Vec<_>, Vec<_>) =
        line.rights.iter().partition(|right| !right.unknown);
    let names = |rights: &[&RightLine]| Cell::list(rights.iter().map(|right| right.right));
    let because = line.rights.iter().map(|right| right.decided_by.as_str());
    // Nothing is known of what was not evaluated.
    let list = |names: Option<&[String]>| names.map_or_else(Cell::not_known, Cell::list);
    vec![
        Cell::text(line.principal.name),
        Cell::text(line.principal.sid),
        Cell::list(line.principal.privileges),
        Cell::list(line.principal.incomplete),
        Cell::text(line.target.dn),
        Cell::text(line.target.class),
        Cell::flag(line.evaluated),
        Cell::text(line.reason),
        if line.evaluated {
            names(&certain)
        } else {
            Cell::not_known()
        },
        Cell::list(because),
        names(&doubtful),
        line.sd_rights.map_or_else(Cell::not_known, Cell::count),
        list(line.write_attributes),
        list(line.create_classes),
        Cell::maybe(line.target.sid.as_ref()),
    ]
}

fn holder_of(analysis: &Analysis, text: &str) -> Result<(Holder, Sid)> {
    let sid = match analysis.directory.find(text)? {
        Found::Sid(sid) => sid,
        Found::Object(place) => {
            let object = analysis.directory.objects.get(place);
            let sid = object.and_then(|object| object.sid.clone());
            sid.with_context(|| format!("{text:?} has no SID, so nobody can act as it; name a user, computer, service account or group"))?
        }
    };
    let holder = analysis.effective.tokens.of(&analysis.directory, &sid);
    let holder = holder.with_context(|| {
        format!("no object and no ACE of the snapshot has the SID {sid}; it may do what Everyone may (--as S-1-1-0)")
    })?;
    Ok((holder, sid))
}

fn target_of(analysis: &Analysis, text: &str) -> Result<usize> {
    match analysis.directory.find(text)? {
        Found::Object(place) => Ok(place),
        Found::Sid(sid) => bail!("no object of the snapshot has the SID {sid}"),
    }
}

fn line<'a>(
    analysis: &Analysis,
    principal: &Principal<'a>,
    object: &'a Object,
    answer: Option<&'a Answer>,
) -> Line<'a> {
    let attributes = answer.and_then(|answer| answer.write_attributes.as_ref());
    let unknown = answer.map(|answer| Unknown {
        sd_rights: answer.unknown_sd_rights,
        write_attributes: attributes.map_or(&[], |attributes| &attributes.unknown),
        create_classes: &answer.create_classes.unknown,
    });
    Line {
        principal: principal.clone(),
        target: Target {
            dn: &object.dn,
            guid: object.guid.map(|guid| guid.to_string()),
            sid: object.sid.as_ref().map(Sid::to_string),
            class: object.classes.rsplit('\n').next().unwrap_or_default(),
        },
        evaluated: answer.is_some(),
        reason: reason(analysis, object, answer),
        sd_rights: answer.map(|answer| answer.sd_rights),
        write_attributes: attributes.map(|attributes| attributes.certain.as_slice()),
        // Without the schema nothing is known of classes.
        create_classes: answer
            .filter(|_| analysis.directory.classes.has_root(&object.classes))
            .map(|answer| answer.create_classes.certain.as_slice()),
        rights: answer
            .into_iter()
            .flat_map(|answer| &answer.rights)
            .map(|right| RightLine {
                right: right.kind.as_str(),
                ace: right.decision.ace(),
                decided_by: decided_by(analysis, object, right),
                unknown: right.unknown,
            })
            .collect(),
        unknown: unknown.filter(|unknown| {
            unknown.sd_rights != 0
                || !unknown.write_attributes.is_empty()
                || !unknown.create_classes.is_empty()
        }),
    }
}

/// Why something is not told, empty if all is.
fn reason(analysis: &Analysis, object: &Object, answer: Option<&Answer>) -> &'static str {
    match answer {
        None if object.descriptor.is_none() => "its permissions were not readable",
        None => "its permissions are malformed",
        Some(answer) if answer.readers_malformed => {
            "the list of who reads its password is malformed"
        }
        Some(answer) if answer.write_attributes.is_none() => {
            "the snapshot does not say which attributes its classes have"
        }
        Some(_) if !analysis.directory.classes.has_root(&object.classes) => {
            "its class is not in the schema that was read"
        }
        Some(_) => "",
    }
}

fn decided_by(analysis: &Analysis, object: &Object, right: &NamedRight) -> String {
    let descriptor = if right.kind == RightKind::ReadPassword {
        object.readers
    } else {
        object.descriptor
    };
    match right.decision {
        Decision::Granted(Decider::Owner) => {
            "being the owner, or in the group that owns it".to_owned()
        }
        Decision::Granted(Decider::NullDacl) => {
            "there is no DACL, which grants everything to everybody".to_owned()
        }
        Decision::Granted(Decider::Ace(position)) => descriptor
            .and_then(|id| analysis.evidence(right.kind, id, position))
            .unwrap_or_default(),
        Decision::Denied(_) => String::new(),
    }
}

fn head(
    out: &mut dyn Write,
    analysis: &Analysis,
    answers: &Answers<'_>,
    name: &str,
    sid: &Sid,
    width: u16,
) -> io::Result<()> {
    let mut groups: Vec<String> = answers
        .token()
        .iter()
        .filter_map(|holder| analysis.sid_of(*holder))
        .filter(|other| *other != sid)
        .map(|other| analysis.name_of(other))
        .collect();
    groups.sort();
    writeln!(out, "Rights in {}\n", Source::of(analysis).in_words())?;
    writeln!(out, "As {} ({sid})", visible(name))?;
    let more = groups.len().saturating_sub(TOLD);
    let mut told = groups.into_iter().take(TOLD).collect::<Vec<_>>().join(", ");
    if more > 0 {
        told.push_str(&format!(" and {more} more"));
    }
    if told.is_empty() {
        told.push_str("nothing else");
    }
    for line in wrap(&visible(&format!("token also holds {told}")), width, 2) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

fn one(
    out: &mut dyn Write,
    analysis: &Analysis,
    answers: &Answers<'_>,
    object: &Object,
    answer: Option<&Answer>,
    width: u16,
) -> io::Result<()> {
    let (name, dn) = (visible(&analysis.title(object)), visible(&object.dn));
    writeln!(out, "On {name} ({})\n  {dn}\n", object.kind.as_str())?;
    let Some(answer) = answer else {
        return writeln!(out, "Not evaluated: {}.", reason(analysis, object, answer));
    };
    if answer.readers_malformed {
        writeln!(
            out,
            "Whether it reads the password is not evaluated: {}.",
            reason(analysis, object, Some(answer))
        )?;
    }
    if answer.rights.is_empty() {
        let other = if answer.readers_malformed {
            " other"
        } else {
            ""
        };
        writeln!(out, "No{other} right that would hand it over.")?;
    } else {
        let rows = answer.rights.iter().map(|right| {
            let doubt = if right.unknown {
                " (if a condition is met)"
            } else {
                ""
            };
            vec![
                format!("{}{doubt}", right.kind.about()),
                decided_by(analysis, object, right),
            ]
        });
        out.write_all(table(&["right", "because of"], rows, width).as_bytes())?;
    }
    let can = |bits: u32| {
        if answer.sd_rights & bits != 0 {
            "yes"
        } else {
            "no"
        }
    };
    writeln!(
        out,
        "\nMay change the owner: {}, the DACL: {}, the SACL: {}",
        can(1),
        can(4),
        can(8)
    )?;
    if answers.is_privileged() {
        for line in wrap(
            "Its token is an administrator's on domain controllers: by default it may take ownership of every object and read every SACL there, whatever the DACL says (SeTakeOwnershipPrivilege, SeSecurityPrivilege).",
            width,
            2,
        ) {
            writeln!(out, "{line}")?;
        }
    }
    match &answer.write_attributes {
        Some(attributes) => names(out, "Attributes it may write", attributes, width)?,
        None => writeln!(
            out,
            "Attributes it may write: not known, {}",
            reason(analysis, object, Some(answer))
        )?,
    }
    if !analysis.directory.classes.has_root(&object.classes) {
        return writeln!(
            out,
            "Classes it may create below: not known, its class is not in the schema that was read"
        );
    }
    names(
        out,
        "Classes it may create below",
        &answer.create_classes,
        width,
    )
}

/// What was not collected, so that a token or a right may be missing.
fn unseen(out: &mut dyn Write, unseen: &Unseen, width: u16) -> io::Result<()> {
    let sentences = unseen.of_tokens();
    if !sentences.is_empty() {
        writeln!(out, "\nNot evaluated, so that rights may be missing:")?;
    }
    for sentence in sentences {
        for line in wrap(&sentence, width, 2) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn names(out: &mut dyn Write, title: &str, granted: &Granted, width: u16) -> io::Result<()> {
    let mut write = |title: &str, names: &[String]| -> io::Result<()> {
        if names.is_empty() {
            return writeln!(out, "{title}: none");
        }
        writeln!(out, "{title}: {}", names.len())?;
        for line in wrap(&visible(&names.join(", ")), width, 2) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    };
    write(title, &granted.certain)?;
    if granted.unknown.is_empty() {
        return Ok(());
    }
    write(&format!("{title}, if a condition is met"), &granted.unknown)
}

fn all(
    out: &mut dyn Write,
    analysis: &Analysis,
    answers: &mut Answers<'_>,
    width: u16,
) -> io::Result<()> {
    let mut found: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    let mut not_evaluated = 0;
    let mut malformed = 0_usize;
    for (place, object) in analysis.directory.objects.iter().enumerate() {
        let Some(answer) = answers.of(place, object) else {
            not_evaluated += 1;
            continue;
        };
        malformed += usize::from(answer.readers_malformed);
        let mut told: Vec<&str> = answer
            .rights
            .iter()
            .filter(|right| {
                !answer.rights.iter().any(|stronger| {
                    right.kind.follows_from(stronger.kind) && stronger.unknown <= right.unknown
                })
            })
            .map(|right| right.kind.as_str())
            .collect();
        told.dedup();
        if !told.is_empty() {
            let names = found
                .entry((told.join(", "), object.kind.as_str()))
                .or_default();
            names.push(analysis.title(object));
        }
    }
    let count: usize = found.values().map(Vec::len).sum();
    for ((rights, kind), names) in &mut found {
        names.sort_unstable();
        let more = names.len().saturating_sub(NAMED);
        let mut told = names
            .iter()
            .take(NAMED)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        if more > 0 {
            told.push_str(&format!(" and {more} more"));
        }
        for line in wrap(
            &format!("{rights} on {} of kind {kind}", names.len()),
            width,
            2,
        ) {
            writeln!(out, "{line}")?;
        }
        for line in wrap(&visible(&told), width, 6) {
            writeln!(out, "{line}")?;
        }
    }
    if count == 0 {
        writeln!(
            out,
            "No right that would hand over an object, by any permissions that were read."
        )?;
    } else {
        writeln!(
            out,
            "\n{count} objects; --on OBJECT tells which ACE decides, and every attribute."
        )?;
    }
    writeln!(
        out,
        "What it may come to in several steps: `coldcase paths SNAP --from`."
    )?;
    if not_evaluated > 0 {
        writeln!(
            out,
            "{not_evaluated} more were not evaluated: their permissions were not readable or are malformed."
        )?;
    }
    if malformed > 0 {
        writeln!(
            out,
            "Of {malformed} it is not evaluated who reads the password: the list of readers is malformed."
        )?;
    }
    Ok(())
}
