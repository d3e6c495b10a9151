//! A line of signs for a series of points, as terminals and Markdown can show it.
//!
//! Owns how a point that saw less looks: it is no dip. Deliberately knows no unit.

use coldcase_schemas::trend::{AccountHistory, Point, Trend};

use super::moment::Moment;

/// Signs of a sparkline, the lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// In a sparkline: this point saw less than others.
pub(super) const SAW_LESS: char = '?';

/// How each series of points looks in a sparkline: its value, and whether the point saw less.
pub(super) type Line = Vec<Option<(f64, bool)>>;

/// A line over all points.
pub(super) fn line(trend: &Trend, value: fn(&Point) -> f64) -> Line {
    let points = trend.points.iter();
    points
        .map(|point| Some((value(point), point.saw_less)))
        .collect()
}

/// The same where no point's sight makes it less than it is, as of coverage itself.
pub(super) fn plain_line(trend: &Trend, value: fn(&Point) -> f64) -> Line {
    let points = trend.points.iter();
    points.map(|point| Some((value(point), false))).collect()
}

/// The risk of an account over all points. Where a point saw less, its risk is only a lower bound.
pub(super) fn risk_line(trend: &Trend, account: &AccountHistory) -> Line {
    let mut points = account.points.iter().peekable();
    let all = trend.points.iter();
    all.map(|point| {
        let taken_at = moment(&point.snapshot.taken_at);
        let there = points.next_if(|at| at.taken_at == taken_at)?;
        Some((there.risk, point.saw_less && there.not_judged_by > 0))
    })
    .collect()
}

/// A sign for each value between 0 and the highest: [`SAW_LESS`] where the point saw less, a blank where there is none.
/// More than `most` values are told in groups, of each the highest.
pub(super) fn sparkline(values: &[Option<(f64, bool)>], most: usize) -> String {
    let highest = values.iter().flatten().map(|value| value.0);
    let highest = highest.fold(0.0, f64::max);
    let group = values.len().div_ceil(most.max(1)).max(1);
    let groups = values.chunks(group);
    let sign = |values: &[Option<(f64, bool)>]| {
        let there = || values.iter().flatten();
        let whole = there().filter(|value| !value.1).map(|value| value.0);
        match whole.reduce(f64::max) {
            None if there().next().is_none() => ' ',
            None => SAW_LESS,
            Some(value) => {
                let steps = (BARS.len() - 1) as f64;
                let part = if highest > 0.0 { value / highest } else { 0.0 };
                let bar = (part.clamp(0.0, 1.0) * steps).round() as usize;
                BARS.get(bar).copied().unwrap_or('█')
            }
        }
    };
    groups.map(sign).collect()
}

fn moment(taken_at: &str) -> String {
    Moment::parse(taken_at).map_or_else(|| taken_at.to_owned(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_that_saw_less_is_no_dip() {
        let all = |values: &[f64]| -> Vec<Option<(f64, bool)>> {
            values.iter().map(|value| Some((*value, false))).collect()
        };
        assert_eq!(sparkline(&all(&[0.0, 50.0, 100.0]), 60), "▁▅█");
        assert_eq!(
            sparkline(&[Some((9.0, false)), Some((1.0, true)), None], 60),
            "█? "
        );
        assert_eq!(sparkline(&all(&[0.0, 0.0]), 60), "▁▁");
        assert_eq!(sparkline(&all(&[1.0, 8.0, 2.0, 1.0, 4.0]), 3), "█▃▅");
        assert_eq!(sparkline(&[], 60), "");
    }
}
