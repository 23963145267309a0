import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDate, readTime } from "./calendar.ts";

describe("date", () => {
  it.each([
    "",
    "03/04/2024",
    "3-4-2024",
    "2024-02-30",
    "2023-02-29",
    "31.04.2024",
    "31 June 2024",
    "13/13/2024",
    "2024-13-01",
    "2024-00-10",
    "0000-00-00",
    "0001-01-01",
    "31/12/24",
    "12/2024",
    "2024",
    "2024-W01-1",
    "31 Foo 2024",
    "2024-12-31T25:00:00Z",
    "2024-12-31 whatever",
    "tomorrow",
    "1735603200",
    20_241_231,
    true,
    ["2024-12-31"],
    {},
    null,
  ])("refuses %j", (value) => {
    expect(readDate(value)).toEqual({ ok: false, message: expect.any(String) });
  });

  it.each([
    "2024-12-31",
    "2024-12-31T23:59:59Z",
    "2024-12-31T23:59:59.999-08:00",
    "2024-12-31T00:00:00+14:00",
    "2024-12-31 23:59:59+00",
    "2024-12-31T23:59[Asia/Kuala_Lumpur]",
    "20241231",
    "2024/12/31",
    "31/12/2024",
    "12/31/2024",
    "12/31/2024, 2:30 PM",
    "31-12-2024",
    "31.12.2024",
    "31 December 2024",
    "31st of December, 2024",
    "31-Dec-2024",
    "Dec 31, 2024",
    "December 31st 2024",
    "Tuesday, December 31, 2024",
    "Tue, 31 Dec 2024 23:00:00 GMT",
    "Tue Dec 31 2024 23:00:00 GMT-0800 (Pacific Standard Time)",
  ])("reads %j as the day that is written, whatever its time zone", (value) => {
    expect(readDate(value)).toEqual({ ok: true, value: "2024-12-31" });
  });

  it.each([
    ["05/05/2024", "2024-05-05"],
    ["03.04.2024", "2024-04-03"],
    ["2024/1/5", "2024-01-05"],
    ["2024-02-29", "2024-02-29"],
    ["29 Feb 2000", "2000-02-29"],
  ])("reads %j", (value, expected) => {
    expect(readDate(value)).toEqual({ ok: true, value: expected });
  });

  it("reads every day with any time of day and zone after it as that day", () => {
    const time = fc.constantFrom("", "T00:00", "T23:59:59Z", " 00:00:00.000+14:00", "T23:59:59.9-1200");
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
        time,
        (day, time) => {
          const written = day.toISOString().slice(0, 10);
          expect(readDate(written + time)).toEqual({ ok: true, value: written });
        },
      ),
    );
  });
});

describe("time", () => {
  it.each([
    "",
    "13",
    "1330",
    "24:00",
    "12:60",
    "1:5",
    "13:30 PM",
    "0 AM",
    "13PM",
    "noon",
    "2024-12-31",
    1330,
    true,
    ["13:30"],
    null,
  ])("refuses %j", (value) => {
    expect(readTime(value)).toEqual({ ok: false, message: expect.any(String) });
  });

  it.each([
    ["13:30", "13:30"],
    ["9:05", "09:05"],
    ["13:30:59", "13:30"],
    ["13:30:59.123", "13:30"],
    ["1:30 PM", "13:30"],
    ["1:30pm", "13:30"],
    ["1:30 p.m.", "13:30"],
    ["1PM", "13:00"],
    ["12 AM", "00:00"],
    ["12:15 am", "00:15"],
    ["12 PM", "12:00"],
    ["13:30+08:00", "13:30"],
    ["2024-12-31T13:30:00Z", "13:30"],
    ["2024-12-31T23:30:00-08:00", "23:30"],
    ["2024-12-31 13:30", "13:30"],
  ])("reads %j as it is written", (value, expected) => {
    expect(readTime(value)).toEqual({ ok: true, value: expected });
  });
});
