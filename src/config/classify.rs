//! Roles and environments as the configuration declares them: the first matcher that matches decides.
//!
//! Knows names, tags and the path of management groups. Infers nothing: what no matcher matches is
//! left to others.

use super::pattern::Pattern;
use super::problem::{Problem, Problems, Span, alternatives, closest};
use super::raw::Value;
use super::source::Source;

/// `[classify.role]` and `[classify.environment]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classify {
    path: String,
    roles: Vec<Matcher>,
    environments: Vec<Matcher>,
}

/// One matcher: every condition that it states must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// The role or environment that it gives.
    pub value: String,
    /// First and one-past-last byte in the file.
    pub span: (u64, u64),
    /// The line that it starts on, 1-based.
    pub line: usize,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// A tag exists, and has this value where one is stated.
    Tag(Pattern, Option<Pattern>),
    Name(Pattern),
    Id(Pattern),
    /// The subscription's id or its name.
    Subscription(Pattern),
    /// Any management group above the subscription.
    ManagementGroup(Pattern),
}

/// A VNet as matchers see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassifySubject<'a> {
    /// The ARM id.
    pub id: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Names and values of its tags.
    pub tags: Vec<(&'a str, &'a str)>,
    /// The subscription's GUID.
    pub subscription_id: &'a str,
    /// The subscription's name, when an input says.
    pub subscription_name: Option<&'a str>,
    /// The management groups above the subscription, by id or name, in any order.
    pub management_groups: Vec<&'a str>,
}

/// What a matcher decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'c> {
    /// The matcher that decided; its `value` is the role or environment.
    pub matcher: &'c Matcher,
    /// Why, for people: `tag Environment = production (vnetlint.toml:12)`.
    pub reason: String,
}

impl Match<'_> {
    /// The role or environment.
    pub fn value(&self) -> &str {
        &self.matcher.value
    }
}

impl Classify {
    /// The role that the configuration gives to a VNet: `hub`, `spoke` or `shared`.
    pub fn role(&self, subject: &ClassifySubject<'_>) -> Option<Match<'_>> {
        self.first_match(&self.roles, subject)
    }

    /// The environment that the configuration gives to a VNet: `prod` is production, `shared` joins
    /// neither side, any other name is a non-production environment.
    pub fn environment(&self, subject: &ClassifySubject<'_>) -> Option<Match<'_>> {
        self.first_match(&self.environments, subject)
    }

    /// Every matcher, roles first, in the order in which they are tried. One that no VNet's [`Match`]
    /// names decides nothing.
    pub fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.roles.iter().chain(&self.environments)
    }

    fn first_match<'c>(&self, matchers: &'c [Matcher], subject: &ClassifySubject<'_>) -> Option<Match<'c>> {
        matchers.iter().find_map(|matcher| {
            let reason = matcher.reason(subject)?;
            Some(Match { matcher, reason: format!("{reason} ({}:{})", self.path, matcher.line) })
        })
    }
}

impl Matcher {
    /// What all conditions found; `None` when one of them does not hold.
    fn reason(&self, subject: &ClassifySubject<'_>) -> Option<String> {
        // Nothing is written before everything holds: most matchers fail for most VNets.
        let holds = |condition: &Condition| condition.found(subject).is_some();
        if !self.conditions.iter().all(holds) {
            return None;
        }
        let found = self.conditions.iter().filter_map(|condition| condition.found(subject));
        Some(found.map(|found| found.describe()).collect::<Vec<_>>().join(" and "))
    }
}

/// What made a condition hold.
enum Found<'a> {
    Tag(&'a str, &'a str),
    Name(&'a str),
    Id(&'a Pattern),
    Subscription(&'a str),
    ManagementGroup(&'a str),
}

impl Condition {
    fn found<'a>(&'a self, subject: &ClassifySubject<'a>) -> Option<Found<'a>> {
        match self {
            Self::Tag(name, value) => {
                let matches = |(tag, text): &&(&str, &str)| {
                    name.matches(tag) && value.as_ref().is_none_or(|value| value.matches(text))
                };
                subject.tags.iter().find(matches).map(|(tag, text)| Found::Tag(tag, text))
            }
            Self::Name(name) => name.matches(subject.name).then_some(Found::Name(subject.name)),
            Self::Id(id) => id.matches(subject.id).then_some(Found::Id(id)),
            Self::Subscription(pattern) => [subject.subscription_name, Some(subject.subscription_id)]
                .into_iter()
                .flatten()
                .find(|text| pattern.matches(text))
                .map(Found::Subscription),
            Self::ManagementGroup(pattern) => {
                let groups = subject.management_groups.iter();
                groups.copied().find(|group| pattern.matches(group)).map(Found::ManagementGroup)
            }
        }
    }
}

impl Found<'_> {
    fn describe(&self) -> String {
        match self {
            Self::Tag(name, "") => format!("tag {name}"),
            Self::Tag(name, value) => format!("tag {name} = {value}"),
            Self::Name(name) => format!("name {name}"),
            // The subject's own id is long, and stands beside the reason anyway.
            Self::Id(pattern) => format!("id matches {pattern}"),
            Self::Subscription(subscription) => format!("subscription {subscription}"),
            Self::ManagementGroup(group) => format!("management group {group}"),
        }
    }
}

const ROLES: [&str; 3] = ["hub", "spoke", "shared"];

pub(super) fn read(written: Option<Value<'_>>, source: &Source, problems: &mut Problems) -> Classify {
    let table = written.and_then(|written| written.table("`[classify]`", problems));
    let Some(mut table) = table else { return Classify::default() };
    let roles = table.take("role");
    let environments = table.take("environment");
    table.finish(problems);
    Classify {
        path: source.path().to_owned(),
        roles: read_classes(roles, "`[classify.role]`", check_role, source, problems),
        environments: read_classes(environments, "`[classify.environment]`", check_environment, source, problems),
    }
}

fn read_classes(
    written: Option<Value<'_>>,
    title: &str,
    check_name: fn(&Value<'_>) -> Option<Problem>,
    source: &Source,
    problems: &mut Problems,
) -> Vec<Matcher> {
    let table = written.and_then(|written| written.table(title, problems));
    let classes = table.map(super::raw::Table::into_entries).unwrap_or_default();
    let mut seen: Vec<(&str, &Span)> = Vec::new();
    let mut matchers = Vec::new();
    for class in &classes {
        if let Some(problem) = check_name(class) {
            problems.push(problem);
        }
        match seen.iter().find(|(name, _)| name.eq_ignore_ascii_case(class.key)) {
            Some((_, earlier)) => problems.push(
                Problem::new(&class.key_span, format!("`{}` stands twice in {title}", class.key))
                    .label("names that differ in letter case are one")
                    .earlier(earlier, "used here"),
            ),
            None => seen.push((class.key, &class.key_span)),
        }
        let Some(elements) = class.array("an array of matchers, such as [{ name = \"vnet-hub-*\" }]", problems) else {
            continue;
        };
        if elements.is_empty() {
            problems.push(class.unfit("lists no matcher, so nothing can be it").label("expected a matcher"));
        }
        matchers.extend(elements.iter().filter_map(|element| read_matcher(element, source, problems)));
    }
    matchers
}

fn read_matcher(written: &Value<'_>, source: &Source, problems: &mut Problems) -> Option<Matcher> {
    let mut table = written.table("a matcher", problems)?;
    let before = problems.len();
    let tag = table.pattern("tag", problems);
    let value = table.take("value");
    let value_pattern = value.as_ref().and_then(|value| value.pattern(problems));
    let conditions = [
        tag.map(|tag| Condition::Tag(tag, value_pattern)),
        table.pattern("name", problems).map(Condition::Name),
        table.id_pattern("id", problems).map(Condition::Id),
        table.pattern("subscription", problems).map(Condition::Subscription),
        table.pattern("management_group", problems).map(Condition::ManagementGroup),
    ];
    let conditions = conditions.into_iter().flatten().collect::<Vec<_>>();
    let span = table.span.clone();
    table.finish(problems);
    // A broken condition is no missing one: without it the matcher would match too much.
    if problems.len() > before {
        return None;
    }
    if let Some(value) = value
        && !matches!(conditions.first(), Some(Condition::Tag(..)))
    {
        let problem = Problem::new(&value.key_span, "a matcher has a `value` without a `tag`").label("of which tag?");
        problems.push(problem.help("write { tag = \"Environment\", value = \"prod*\" }"));
    } else if conditions.is_empty() {
        let keys = alternatives(["tag", "name", "id", "subscription", "management_group"]);
        let problem = Problem::new(&span, "a matcher states no condition").label(format!("expected {keys}"));
        problems.push(problem.help("{ name = \"*\" } matches everything"));
    }
    let line = source.position(span.start).line;
    Some(Matcher { value: written.key.to_owned(), span: (span.start as u64, span.end as u64), line, conditions })
}

fn check_role(class: &Value<'_>) -> Option<Problem> {
    if ROLES.contains(&class.key) {
        return None;
    }
    let problem = Problem::new(&class.key_span, format!("`{}` is no role", class.key));
    let problem = problem.label(format!("expected {}", alternatives(ROLES)));
    Some(match closest(class.key, ROLES) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    })
}

/// Refuses names that a reader takes for production or shared and that would mean non-production:
/// rules that keep the two apart would then pass what they should catch.
fn check_environment(class: &Value<'_>) -> Option<Problem> {
    let meant = match class.key.trim().to_ascii_lowercase().as_str() {
        "" => {
            let problem = Problem::new(&class.key_span, "an environment has no name");
            return Some(problem.label("expected a name such as `prod` or `dev`"));
        }
        "prod" | "production" | "prd" => "prod",
        "shared" => "shared",
        _ => return None,
    };
    (class.key != meant).then(|| {
        let message = format!("`{}` would be a non-production environment", class.key);
        let problem = Problem::new(&class.key_span, message).label(format!("write `{meant}`"));
        problem.help("`prod` is production, `shared` joins neither side, every other name is non-production")
    })
}
