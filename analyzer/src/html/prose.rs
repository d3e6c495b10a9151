//! The sections of a rule page as HTML.
//!
//! A page may be a customer's own, so its Markdown is input like any other: raw HTML in it is text, links and images
//! are told as text, and what hides or turns text is made visible. Deliberately does not parse front matter.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd, html};

use super::escape::shown;
use crate::rules::{Page, SECTIONS};

/// What a page says, each section as HTML.
#[derive(Debug, Default)]
pub(super) struct Prose {
    pub(super) finds: String,
    pub(super) why: String,
    pub(super) fix: String,
    pub(super) false_positives: String,
}

impl Prose {
    pub(super) fn of(page: &Page) -> Self {
        let [finds, why, fix, false_positives] = sections(&page.body);
        Self {
            finds: rendered(finds),
            why: rendered(why),
            fix: rendered(fix),
            false_positives: rendered(false_positives),
        }
    }
}

/// The events of each section; the SQL, which is shown by itself, is left out.
fn sections(body: &str) -> [Vec<Event<'_>>; 4] {
    let mut sections: [Vec<Event<'_>>; 4] = Default::default();
    let mut current = None;
    let mut heading: Option<Vec<Event<'_>>> = None;
    let mut in_sql = false;
    for event in Parser::new(body) {
        match &event {
            Event::Start(Tag::Heading { .. }) => {
                heading = Some(Vec::new());
                continue;
            }
            Event::End(TagEnd::Heading(_)) => {
                let title = heading.take().unwrap_or_default();
                let words = plain(&title);
                if let Some(place) = SECTIONS.iter().position(|name| *name == words) {
                    current = Some(place);
                } else if let Some(section) = current.and_then(|place| sections.get_mut(place)) {
                    section.push(Event::Start(below()));
                    section.extend(title);
                    section.push(Event::End(TagEnd::Heading(HeadingLevel::H5)));
                }
                continue;
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                in_sql = language.as_ref() == "sql";
            }
            _ => {}
        }
        let ends = matches!(event, Event::End(TagEnd::CodeBlock));
        if let Some(title) = &mut heading {
            title.push(event);
        } else if !in_sql && let Some(section) = current.and_then(|place| sections.get_mut(place)) {
            section.push(event);
        }
        in_sql &= !ends;
    }
    sections
}

/// Headings within a section are below those of the report.
fn below<'a>() -> Tag<'a> {
    Tag::Heading {
        level: HeadingLevel::H5,
        id: None,
        classes: Vec::new(),
        attrs: Vec::new(),
    }
}

fn rendered(events: Vec<Event<'_>>) -> String {
    let mut targets = Vec::new();
    let harmless = events.into_iter().filter_map(|event| {
        Some(match event {
            Event::Html(text) | Event::InlineHtml(text) | Event::Text(text) => {
                Event::Text(shown(&text).into_owned().into())
            }
            Event::Code(text) => Event::Code(shown(&text).into_owned().into()),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Start(Tag::CodeBlock(_)) => {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented))
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push(dest_url);
                return None;
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let target = targets.pop()?;
                Event::Text(format!(" ({})", shown(&target)).into())
            }
            other => other,
        })
    });
    let mut out = String::new();
    html::push_html(&mut out, harmless);
    out
}

fn plain(events: &[Event<'_>]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        Event::SoftBreak | Event::HardBreak => Some(" "),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(fix: &str) -> String {
        format!(
            "# T\n\n## What it finds\na\n\n## Why it matters\nb\n\n## How to fix\n{fix}\n\n## False positives\nd\n\n\
             ```sql\nSELECT '<b>'\n```\n"
        )
    }

    fn fix_of(fix: &str) -> String {
        let body = page(fix);
        let [_, _, fix, _] = sections(&body);
        rendered(fix)
    }

    #[test]
    fn sections_stand_apart_and_the_sql_is_in_none() {
        let body = page("1. Remove `x`. Then rest.\n2. y");
        let [finds, why, fix, other] = sections(&body);
        assert_eq!(rendered(finds), "<p>a</p>\n");
        assert_eq!(rendered(why), "<p>b</p>\n");
        assert_eq!(rendered(other), "<p>d</p>\n");
        assert!(rendered(fix).contains("<li>Remove <code>x</code>. Then rest.</li>"));
    }

    #[test]
    fn a_page_of_ones_own_brings_no_markup() {
        let html = fix_of(
            "<script>alert(1)</script>\n\nsee <img src=x onerror=y> and [here](javascript:alert) \
             ![p](http://e.example/p.png) \u{202e}\n\n### More\n\n```html\n<i>\n```",
        );
        for tag in ["<script", "<img", "<a ", "<i>", "class=", "\u{202e}"] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
        assert!(html.contains("here (javascript:alert)"), "{html}");
        assert!(html.contains("<h5>More</h5>"), "{html}");
    }
}
