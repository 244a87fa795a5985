//! A rule's metadata: OPA's annotation block, read from the comments above `package`.
//!
//! The engine drops comments, so the block is found and read here
//! (<https://www.openpolicyagent.org/docs/policy-language#annotations>). Keys that are neither OPA's
//! nor ours are errors. What a subject kind is, the caller says.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::error::{LoadError, did_you_mean};
use super::select::{Scalar, Selector};
use super::{SubjectKind, Vocabulary};
use crate::finding::{RuleId, Severity};

/// What a rule says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// The stable id.
    pub id: RuleId,
    /// One line, for headings.
    pub title: String,
    /// What the rule reports and why it matters.
    pub description: String,
    /// Where to read more.
    pub related_resources: Vec<RelatedResource>,
    /// How bad a finding is.
    pub severity: Severity,
    /// What the rule looks at, one at a time.
    pub subject: SubjectKind,
    /// The controls that the rule bears on.
    pub controls: Vec<Control>,
    /// What to do about a finding.
    pub remediation: String,
    /// Settings, seen by the policy as `data.config.rules["<id>"].<name>`.
    pub parameters: BTreeMap<String, Parameter>,
    /// What has to hold for the rule to be evaluated at all; a subject that it excludes passes.
    pub select: Vec<Selector>,
    /// Former ids, still understood by configuration.
    pub aliases: Vec<RuleId>,
    /// The id stays taken, the rule is off unless it is asked for.
    pub deprecated: bool,
    /// Which way an approval has to point to cover a finding.
    pub approval: Approval,
    /// What the inputs have to tell for the rule to be judged at all.
    pub requires: Option<Requirement>,
}

/// A page to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelatedResource {
    /// Its address.
    pub url: String,
    /// What it is, when the block says.
    pub description: Option<String>,
}

/// A control of a framework.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The framework's name, such as `NIST SP 800-53 r5`.
    pub framework: String,
    /// The control's id there, such as `SC-7`.
    pub control: String,
    /// How much the rule says about it.
    pub relation: Relation,
}

/// How a rule bears on a control; never more than the control's text carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// A finding is a breach of the control.
    Tests,
    /// A pass is one part of what the control asks for.
    Supports,
}

/// A setting of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its value unless the configuration says otherwise; the configuration's value has the same type.
    pub default: serde_json::Value,
    /// What it means, with its unit.
    pub description: String,
}

/// Which way an approval has to point to cover a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// The approval names the side that receives the traffic.
    Receiver,
    /// The approval names a link; its direction does not matter.
    Link,
    /// The approval names the resource.
    Resource,
}

/// What the inputs have to tell for a rule to be judged at all; without it the rule does not run, and the
/// report says so once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Requirement {
    /// Which tenant owns a subscription.
    Tenants,
}

/// The block as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    #[serde(default)]
    scope: Option<String>,
    title: String,
    description: String,
    #[serde(default)]
    related_resources: Vec<Related>,
    custom: Custom,
    /// OPA's own, for `opa check --schema`.
    #[serde(default, rename = "schemas")]
    _schemas: Option<serde_json::Value>,
    /// OPA's own, for `opa build`.
    #[serde(default, rename = "entrypoint")]
    _entrypoint: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Related {
    Url(String),
    Full(Full),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    r#ref: String,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    #[serde(deserialize_with = "rule_id")]
    id: RuleId,
    severity: Severity,
    subject: String,
    controls: Vec<Control>,
    remediation: String,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    select: BTreeMap<String, OneOrMany>,
    #[serde(default, deserialize_with = "rule_ids")]
    aliases: Vec<RuleId>,
    #[serde(default)]
    deprecated: bool,
    #[serde(default)]
    approval: Option<Approval>,
    #[serde(default)]
    requires: Option<Requirement>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Scalar>),
    One(Scalar),
}

fn rule_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RuleId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn rule_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RuleId>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
}

/// Reads the block above `package` in a policy.
///
/// A policy without one is an error at its first line, anything wrong in one is an error at its place.
pub(super) fn read(path: &str, text: &str, vocabulary: &Vocabulary) -> Result<Metadata, Vec<LoadError>> {
    let Some(annotation) = find(text) else {
        let error = LoadError::at(path, text, (1, 1), "a rule needs its metadata above `package`, and there is none");
        return Err(vec![error.hint("start with a comment `# METADATA`; `policies/README.md` has a template")]);
    };
    let block: Block = yaml_serde::from_str(&annotation.yaml).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        let place = (annotation.line + to_u32(line), to_u32(column) + annotation.indent);
        vec![LoadError::at(path, text, place, format!("cannot read the metadata: {}", without_place(&error)))]
    })?;
    let wrong = |key: &str, message: String| LoadError::at(path, text, annotation.place_of(key), message);

    let mut errors = Vec::new();
    if let Some(scope) = block.scope.filter(|scope| scope != "package") {
        let message = format!("the metadata of a rule has scope `package`, not `{scope}`");
        errors.push(wrong("scope", message));
    }
    let texts =
        [("title", &block.title), ("description", &block.description), ("remediation", &block.custom.remediation)];
    for (key, value) in texts {
        if value.trim().is_empty() {
            errors.push(wrong(key, format!("`{key}` is empty")));
        }
    }
    let custom = block.custom;
    let Some(subject) = vocabulary.kind(&custom.subject) else {
        let error = wrong("subject", format!("`{}` is no subject", custom.subject));
        let known: Vec<&str> = vocabulary.names().collect();
        let hint = match did_you_mean(&custom.subject, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("the subjects are {}", known.join(", ")),
        };
        errors.push(error.hint(hint));
        return Err(errors);
    };

    let mut select = Vec::new();
    for (field, values) in custom.select {
        let allowed = match values {
            OneOrMany::One(value) => vec![value],
            OneOrMany::Many(values) => values,
        };
        if allowed.is_empty() {
            errors.push(wrong(&field, format!("`select` names no value for `{field}`: the rule would never run")));
        }
        match vocabulary.check_scalar(subject, &field) {
            Ok(()) => select.push(Selector { path: field, allowed }),
            Err((message, hint)) => {
                let error = wrong(&field, format!("`select` cannot use `{field}`: {message}"));
                errors.push(LoadError { hint, ..error });
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }

    let default_approval = match vocabulary.name(subject) {
        "peering" => Approval::Link,
        "peering_side" => Approval::Receiver,
        _ => Approval::Resource,
    };
    Ok(Metadata {
        id: custom.id,
        title: block.title,
        description: block.description,
        related_resources: block.related_resources.into_iter().map(RelatedResource::from).collect(),
        severity: custom.severity,
        subject,
        controls: custom.controls,
        remediation: custom.remediation,
        parameters: custom.parameters,
        select,
        aliases: custom.aliases,
        deprecated: custom.deprecated,
        requires: custom.requires,
        approval: custom.approval.unwrap_or(default_approval),
    })
}

impl From<Related> for RelatedResource {
    fn from(related: Related) -> Self {
        match related {
            Related::Url(url) => Self { url, description: None },
            Related::Full(full) => Self { url: full.r#ref, description: full.description },
        }
    }
}

/// A block of comments that follows `# METADATA`.
struct Annotation {
    /// 1-based line of `# METADATA` itself.
    line: u32,
    /// Characters that were taken off in front of each line.
    indent: u32,
    /// The lines below, without `# `.
    yaml: String,
}

impl Annotation {
    /// Where a key stands in the file; the block's start where it is not written plainly.
    fn place_of(&self, key: &str) -> (u32, u32) {
        let found = self.yaml.lines().zip(1u32..).find_map(|(line, number)| {
            let trimmed = line.trim_start().trim_start_matches("- ").trim_start_matches(['"', '\'']);
            let rest = trimmed.strip_prefix(key)?.trim_start_matches(['"', '\'']);
            rest.starts_with(':').then(|| (self.line + number, to_u32(line.len() - trimmed.len()) + 1 + self.indent))
        });
        found.unwrap_or((self.line, 1))
    }
}

/// The first annotation block above `package`.
fn find(text: &str) -> Option<Annotation> {
    let mut lines = text.lines().zip(1u32..);
    let line = loop {
        let (line, number) = lines.next()?;
        let trimmed = line.trim();
        if trimmed.strip_prefix('#').is_some_and(|comment| comment.trim() == "METADATA") {
            break number;
        }
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            return None;
        }
    };
    let mut yaml = String::new();
    for (line, _) in lines {
        let Some(comment) = line.trim_start().strip_prefix('#') else { break };
        yaml.push_str(comment.strip_prefix(' ').unwrap_or(comment));
        yaml.push('\n');
    }
    Some(Annotation { line, indent: 2, yaml })
}

/// Where a policy's metadata says its id.
pub(super) fn place_of_id(text: &str) -> (u32, u32) {
    find(text).map_or((1, 1), |annotation| annotation.place_of("id"))
}

/// The parser's message without its own idea of the line, which counts from the block.
fn without_place(error: &yaml_serde::Error) -> String {
    let text = error.to_string();
    text.find(" at line ").map_or(text.clone(), |end| text.get(..end).unwrap_or(&text).to_owned())
}

fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::fixture;

    const WHOLE: &str = r"# Copyright line.

# METADATA
# title: Spokes do not peer directly
# description: |
#   Two lines,
#   one text.
# related_resources:
#   - https://example.org/a
#   - ref: https://example.org/b
#     description: B
# custom:
#   id: peering-spoke-to-spoke
#   severity: high
#   subject: peering
#   controls:
#     - {framework: NIST SP 800-53 r5, control: AC-4, relation: supports}
#   remediation: Route through the hub.
#   parameters:
#     limit: {default: 5, description: at most so many}
#   select:
#     established: true
#     near.role: [spoke, unknown]
#   aliases: [spoke-to-spoke]
package policies.peering.spoke_to_spoke
";

    fn read_text(text: &str) -> Result<Metadata, Vec<LoadError>> {
        read("p.rego", text, &fixture::vocabulary())
    }

    fn error_of(text: &str) -> String {
        let errors = read_text(text).expect_err("the block is wrong");
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].to_string()
    }

    #[test]
    fn a_whole_block_is_read() {
        let metadata = read_text(WHOLE).unwrap();
        assert_eq!(metadata.id.as_str(), "peering-spoke-to-spoke");
        assert_eq!(metadata.description, "Two lines,\none text.\n");
        assert_eq!(metadata.severity, Severity::High);
        assert_eq!(metadata.related_resources[1].description.as_deref(), Some("B"));
        assert_eq!(metadata.controls[0].relation, Relation::Supports);
        assert_eq!(metadata.parameters["limit"].default, 5);
        assert_eq!(metadata.select.len(), 2);
        assert_eq!(metadata.select[1].allowed, [Scalar::Text("spoke".into()), Scalar::Text("unknown".into())]);
        assert_eq!(metadata.aliases[0].as_str(), "spoke-to-spoke");
        assert_eq!(metadata.approval, Approval::Link);
        assert!(!metadata.deprecated);
    }

    #[test]
    fn an_unknown_key_is_an_error_at_its_line() {
        let text = WHOLE.replace("#   remediation:", "#   remedy:");
        let error = error_of(&text);
        assert!(error.starts_with("p.rego:18:5: cannot read the metadata: "), "{error}");
        assert!(error.contains("unknown field `remedy`"), "{error}");
        assert!(error.contains("#   remedy: Route"), "{error}");
    }

    #[test]
    fn a_severity_that_does_not_exist_is_an_error_at_its_line() {
        let error = error_of(&WHOLE.replace("severity: high", "severity: severe"));
        assert!(error.starts_with("p.rego:14:"), "{error}");
        assert!(error.contains("unknown variant `severe`"), "{error}");
    }

    #[test]
    fn an_id_with_capitals_is_an_error_that_shows_a_good_one() {
        let error = error_of(&WHOLE.replace("id: peering-spoke-to-spoke", "id: Peering_Spoke"));
        assert!(error.contains("`Peering_Spoke` is no rule id"), "{error}");
        assert!(error.starts_with("p.rego:13:"), "{error}");
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = error_of(&WHOLE.replace("#   severity: high\n", ""));
        assert!(error.contains("missing field `severity`"), "{error}");
    }

    #[test]
    fn a_subject_that_does_not_exist_suggests_the_one_that_was_meant() {
        let error = error_of(&WHOLE.replace("subject: peering", "subject: peerings"));
        assert!(error.starts_with("p.rego:15:5: `peerings` is no subject"), "{error}");
        assert!(error.ends_with("hint: did you mean `peering`?"), "{error}");
    }

    #[test]
    fn a_selector_on_an_unknown_field_is_an_error_at_its_line() {
        let error = error_of(&WHOLE.replace("near.role", "near.rolle"));
        assert!(error.starts_with("p.rego:23:7: `select` cannot use `near.rolle`: "), "{error}");
        assert!(error.ends_with("hint: did you mean `role`?"), "{error}");
    }

    #[test]
    fn a_selector_on_a_list_or_an_object_is_an_error() {
        let error = error_of(&WHOLE.replace("near.role", "near.prefixes"));
        assert!(error.contains("`near.prefixes` is a list"), "{error}");
        let error = error_of(&WHOLE.replace("near.role: [spoke, unknown]", "near: spoke"));
        assert!(error.contains("`near` is an object"), "{error}");
    }

    #[test]
    fn a_selector_without_values_is_an_error() {
        let error = error_of(&WHOLE.replace("[spoke, unknown]", "[]"));
        assert!(error.contains("the rule would never run"), "{error}");
    }

    #[test]
    fn no_block_and_a_block_below_the_package_are_the_same_error() {
        for text in ["package a\n", "package a\n# METADATA\n# title: x\n", ""] {
            let error = error_of(text);
            assert!(error.starts_with("p.rego:1:1: a rule needs its metadata above `package`"), "{error}");
        }
    }

    #[test]
    fn a_block_that_is_no_yaml_is_an_error_with_its_line() {
        let error = error_of("# METADATA\n# title: [\npackage a\n");
        assert!(error.starts_with("p.rego:"), "{error}");
        assert!(error.contains("cannot read the metadata"), "{error}");
    }

    #[test]
    fn approvals_follow_the_subject_unless_the_block_says_otherwise() {
        let side = WHOLE
            .replace("subject: peering", "subject: peering_side")
            .replace("#     near.role: [spoke, unknown]\n", "");
        assert_eq!(read_text(&side).unwrap().approval, Approval::Receiver);
        let said = WHOLE.replace("#   severity", "#   approval: resource\n#   severity");
        assert_eq!(read_text(&said).unwrap().approval, Approval::Resource);
    }
}
