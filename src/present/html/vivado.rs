//! Vivado's reports as text: what `report_utilization` and `report_timing_summary` write.
//!
//! Both begin with a table of what was reported on; figures stand in tables whose first column is a name and whose second
//! one is the count (UG906). Columns behind these differ between versions.

use super::inputs::Resources;
use crate::base::error::{Error, Result, codes};
use crate::base::json::{FormatOf, VersionOf};

/// What a file says of a design's resources: a report of Vivado, or [`Resources`] as JSON. What it does not say is absent.
///
/// # Errors
/// [`codes::REPORT_INPUT`] for a report that is neither of the two or is cut off, and those of [`Resources::from_json`].
pub fn counted(text: &str) -> Result<Resources> {
    match header(text, "Tool Version") {
        Some(_) => read(text),
        None => Resources::from_json(text),
    }
}

/// The figures of a report.
fn read(text: &str) -> Result<Resources> {
    let command = header(text, "Command").unwrap_or_default();
    let figures = match command.split_whitespace().next() {
        Some("report_utilization") => utilization(text)?,
        Some("report_timing_summary") => timing(text)?,
        _ => {
            let message = format!("this is a report of another kind: {command}");
            return Err(wrong(message));
        }
    };
    let version = header(text, "Tool Version").unwrap_or_default();
    let version = version.split_whitespace().nth(1).unwrap_or_default();
    Ok(Resources {
        tool: format!("Vivado {}", version.trim_start_matches("v.")),
        // Before routing, wires are estimated and logic may still go.
        estimate: header(text, "Design State").as_deref() != Some("Routed"),
        ..figures
    })
}

fn empty() -> Resources {
    Resources {
        format: FormatOf::default(),
        version: VersionOf::default(),
        tool: String::new(),
        estimate: true,
        lut: None,
        ff: None,
        dsp: None,
        bram36: None,
        uram: None,
        fmax_mhz: None,
    }
}

/// An entry of the table at the top.
fn header(text: &str, name: &str) -> Option<String> {
    text.lines().take(40).find_map(|line| {
        let (found, value) = line.strip_prefix('|')?.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The count of the first row with one of these names, which may have a mark for a footnote.
fn used<T: std::str::FromStr>(text: &str, names: &[&str]) -> Option<T> {
    text.lines().find_map(|line| {
        let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
        let name = cells.next()?.trim_end_matches('*');
        names.contains(&name).then(|| cells.next()?.parse().ok()).flatten()
    })
}

/// Slices are called CLB in UltraScale and later.
fn utilization(text: &str) -> Result<Resources> {
    let lut = used(text, &["CLB LUTs", "Slice LUTs"]);
    if lut.is_none() {
        return Err(wrong(
            "there is no row \"CLB LUTs\" or \"Slice LUTs\" in this report".to_owned(),
        ));
    }
    Ok(Resources {
        lut,
        ff: used(text, &["CLB Registers", "Slice Registers"]),
        dsp: used(text, &["DSPs"]),
        bram36: used(text, &["Block RAM Tile"]),
        // A part without UltraRAM has no row.
        uram: used(text, &["URAM"]).or(Some(0)),
        ..empty()
    })
}

/// The clock at which the worst path would just be in time. With several clocks nobody knows whose path that is.
fn timing(text: &str) -> Result<Resources> {
    let row = |heading: &str| -> Vec<Vec<String>> {
        let lines = text.lines().skip_while(|line| !line.trim_start().starts_with(heading)).skip(2);
        let rows = lines.take_while(|line| !line.trim().is_empty());
        rows.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let slack = row("WNS(ns)").first().and_then(|cells| cells.first()?.parse::<f64>().ok());
    let slack = slack.ok_or_else(|| {
        wrong("there is no worst slack below \"WNS(ns)\" in this report".to_owned())
    })?;
    // Name, waveform in two words, period, frequency.
    let clocks: Vec<f64> = row("Clock  ")
        .iter()
        .filter_map(|cells| cells.get(cells.len().checked_sub(2)?)?.parse().ok())
        .collect();
    let fmax_mhz = match clocks[..] {
        [period] if period > slack => Some((1e4 / (period - slack)).round() / 10.0),
        _ => None,
    };
    Ok(Resources { fmax_mhz, ..empty() })
}

fn wrong(message: String) -> Error {
    Error::new(&codes::REPORT_INPUT, message).help(
        "give what `report_utilization -file` and `report_timing_summary -file` wrote, whole: vivado/out/utilization.rpt \
         and timing.rpt of a bundle",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As version 2023.2 writes it, shortened.
    const UTILIZATION: &str = "\
Copyright 1986-2022 Xilinx, Inc. All Rights Reserved. Copyright 2022-2023 Advanced Micro Devices, Inc. All Rights Reserved.
---------------------------------------------------------------------------------------------------------------------------
| Tool Version : Vivado v.2023.2 (lin64) Build 4029153 Fri Oct 13 20:13:54 MDT 2023
| Date         : Fri Jan  2 10:11:12 2026
| Command      : report_utilization -file utilization.rpt
| Design       : seigo_board
| Device       : xck26-sfvc784-2LV-c
| Speed File   : -2LV
| Design State : Routed
---------------------------------------------------------------------------------------------------------------------------

Utilization Design Information

1. CLB Logic
------------

+----------------------------+-------+-------+------------+-----------+-------+
|          Site Type         |  Used | Fixed | Prohibited | Available | Util% |
+----------------------------+-------+-------+------------+-----------+-------+
| CLB LUTs                   | 67750 |     0 |          0 |    117120 | 57.85 |
|   LUT as Logic             | 60000 |     0 |          0 |    117120 | 51.23 |
| CLB Registers              | 81234 |     0 |          0 |    234240 | 34.68 |
+----------------------------+-------+-------+------------+-----------+-------+

3. BLOCKRAM
-----------

+-------------------+------+-------+------------+-----------+-------+
|     Site Type     | Used | Fixed | Prohibited | Available | Util% |
+-------------------+------+-------+------------+-----------+-------+
| Block RAM Tile    | 44.5 |     0 |          0 |       144 | 30.90 |
|   RAMB36/FIFO*    |   40 |     0 |          0 |       144 | 27.78 |
| URAM              |   32 |     0 |          0 |        64 | 50.00 |
+-------------------+------+-------+------------+-----------+-------+

4. ARITHMETIC
-------------

+----------------+------+-------+------------+-----------+-------+
|    Site Type   | Used | Fixed | Prohibited | Available | Util% |
+----------------+------+-------+------------+-----------+-------+
| DSPs           |  837 |     0 |          0 |      1248 | 67.07 |
|   DSP48E2 only |  837 |       |            |           |       |
+----------------+------+-------+------------+-----------+-------+
";

    const TIMING: &str = "\
---------------------------------------------------------------------------------------------------------
| Tool Version      : Vivado v.2023.2 (lin64) Build 4029153 Fri Oct 13 20:13:54 MDT 2023
| Command           : report_timing_summary -warn_on_violation -file timing.rpt
| Design State      : Routed
---------------------------------------------------------------------------------------------------------

| Design Timing Summary
| ---------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)
    -------      -------  ---------------------  -------------------      -------      -------
      0.500        0.000                      0               166497        0.011        0.000

All user specified timing constraints are met.

| Clock Summary
| -------------

Clock     Waveform(ns)       Period(ns)      Frequency(MHz)
-----     ------------       ----------      --------------
clk_pl_0  {0.000 2.000}      4.000           250.000

| Intra Clock Table
";

    #[test]
    fn the_figures_of_both_reports_are_read() {
        let found = read(UTILIZATION).unwrap();
        assert_eq!((found.lut, found.ff, found.dsp), (Some(67_750), Some(81_234), Some(837)));
        assert_eq!((found.bram36, found.uram, found.fmax_mhz), (Some(44.5), Some(32), None));
        assert_eq!((&*found.tool, found.estimate), ("Vivado 2023.2", false));
        let found = read(TIMING).unwrap();
        // 4 ns less 0.5 ns.
        assert_eq!((found.lut, found.fmax_mhz), (None, Some(285.7)));
        let late = TIMING.replace("      0.500 ", "     -1.000 ");
        assert_eq!(read(&late).unwrap().fmax_mhz, Some(200.0));
    }

    /// 7 series, a footnote's mark, older columns, a design that is not routed.
    #[test]
    fn other_families_and_versions_are_read_too() {
        let text = UTILIZATION
            .replace("CLB LUTs  ", "Slice LUTs*")
            .replace("CLB Registers", "Slice Registers")
            .replace("| URAM              |   32 |     0 |          0 |        64 | 50.00 |\n", "")
            .replace(" Fixed | Prohibited |", " Fixed |")
            .replace(": Routed", ": Synthesized");
        let found = read(&text).unwrap();
        assert_eq!((found.lut, found.ff, found.uram), (Some(67_750), Some(81_234), Some(0)));
        assert!(found.estimate);
    }

    #[test]
    fn what_is_cut_off_or_another_report_is_refused() {
        let end = UTILIZATION.find("1. CLB Logic").unwrap();
        let end_of_timing = TIMING.find("    WNS").unwrap();
        for (text, says) in [
            (&UTILIZATION[..end], "no row \"CLB LUTs\""),
            (&TIMING[..end_of_timing], "no worst slack"),
            (
                &UTILIZATION.replace("report_utilization", "report_power"),
                "another kind: report_power",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.code().id, codes::REPORT_INPUT.id);
            assert!(error.to_string().contains(says), "{error}");
        }
        assert_eq!(
            counted(r#"{"tool": "| Tool Version : x", "estimate": true}"#).unwrap().lut,
            None
        );
    }

    /// The worst path may belong to either of two clocks.
    #[test]
    fn with_two_clocks_no_frequency_is_told() {
        let row = "clk_pl_0  {0.000 2.000}      4.000           250.000\n";
        let two = format!("{row}{}", row.replace("clk_pl_0", "clk_pl_1"));
        assert_eq!(read(&TIMING.replace(row, &two)).unwrap().fmax_mhz, None);
    }
}
