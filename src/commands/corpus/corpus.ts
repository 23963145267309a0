import { providers } from "../../providers/registry.ts";
import { readCorpus, type CorpusFile } from "./files.ts";
import { corpusReport, corpusText } from "./report.ts";
import { runCorpus } from "./run.ts";
import { withProgress } from "../progress.ts";
import { printJson, printProblems, type ExitCode, type Io } from "../io.ts";

export interface CorpusCommand {
  readonly folder: string;
  readonly json: boolean;
}

/** Sends every payload below a folder the whole way of a real request, and tells what became of each. */
export async function corpus(options: CorpusCommand, io: Io): Promise<ExitCode> {
  let files: CorpusFile[];
  try {
    files = await readCorpus(options.folder);
  } catch (error) {
    printProblems(io, "cannot read the corpus:", [error instanceof Error ? error.message : String(error)]);
    return 2;
  }
  if (files.length === 0) {
    printProblems(io, "cannot read the corpus:", [`there are no payloads below ${options.folder}`]);
    return 2;
  }
  const result = await withProgress(io, options.json, async ({ show }) => {
    return await runCorpus(files, providers, Date.now, show);
  });
  const report = corpusReport(result);
  if (options.json) printJson(io, { ...report, outcomes: result.providers });
  else io.out(corpusText(report));
  return report.sound ? 0 : 1;
}
