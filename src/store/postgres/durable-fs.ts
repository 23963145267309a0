import { fdatasyncSync } from "node:fs";
import { PGlite, type postgresMod } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

interface EmscriptenStream {
  readonly nfd: number;
}

interface NodeFilesystem {
  readonly stream_ops: { fsync?: (stream: EmscriptenStream) => number };
}

/**
 * PGlite's Node file system without its one gap: it ignores fsync, so that a power cut could lose a commit.
 * With this, and PostgreSQL started without `-F`, every commit reaches the disk before it is reported.
 */
export class DurableNodeFS extends NodeFS {
  override async init(pg: PGlite, options: Partial<postgresMod.PostgresMod>) {
    const initialized = await super.init(pg, options);
    const preRun = initialized.emscriptenOpts.preRun ?? [];
    preRun.push((module: object) => {
      if (!("NODEFS" in module))
        throw new Error("PGlite's file system has changed: no NODEFS to make durable");
      const filesystem = module.NODEFS as NodeFilesystem;
      filesystem.stream_ops.fsync = (stream) => {
        fdatasyncSync(stream.nfd);
        return 0;
      };
    });
    initialized.emscriptenOpts.preRun = preRun;
    return initialized;
  }
}

/**
 * PGlite's own start parameters, but with fsync on, and without old segments of the log being kept for later use: they
 * would hold what was erased long ago. PostgreSQL's own sizes are for a machine; this one has a part of a process.
 */
export const durableStartParams: readonly string[] = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  "-c",
  "wal_sync_method=fsync",
  "-c",
  "wal_recycle=off",
  "-c",
  "shared_buffers=8MB",
  "-c",
  "wal_buffers=256kB",
  "-c",
  "work_mem=1MB",
  "-c",
  "maintenance_work_mem=8MB",
];
