import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { readConfig } from "../../src/config.ts";
import { providers } from "../../src/providers/registry.ts";
import { secretVariable, sourcesFromYaml } from "../../src/sources/load.ts";
import {
  adapterShape,
  kustomizationShape,
  manifestShape,
  podMonitorShape,
  secretShape,
  type Manifest,
} from "./kubernetes-shapes.ts";

const folder = fileURLToPath(new URL("../../deploy/kubernetes/", import.meta.url));
const read = (file: string) => readFileSync(join(folder, file), "utf8");
const prometheus = (file: string) => parse(read(join("../prometheus", file))) as unknown;

const kustomization = kustomizationShape.parse(parse(read("kustomization.yaml")));
const secret = secretShape.parse(parse(read("secret.template.yaml")));
const manifests: Manifest[] = kustomization.resources.flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => {
    expect(document.errors, file).toEqual([]);
    return manifestShape.parse(document.toJS());
  }),
);

function all<Kind extends Manifest["kind"]>(kind: Kind) {
  const found = manifests.filter((one): one is Extract<Manifest, { kind: Kind }> => one.kind === kind);
  expect(found).not.toEqual([]);
  return found;
}

const [intake] = all("StatefulSet");
const [worker] = all("Deployment");
if (!intake || !worker) throw new Error("a role is missing");
const workloads = [intake, worker];
const roleOf = (one: (typeof workloads)[number]) =>
  one.spec.template.spec.containers[0].env.find(({ name }) => name === "ROLE")?.value ?? "none";
const settings = Object.fromEntries(
  kustomization.configMapGenerator
    .flatMap(({ literals = [] }) => literals)
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
);

/** The settings a pod of this role starts with, on this store. */
function configOf(role: string, store: Readonly<Record<string, string>>) {
  return readConfig({ ...settings, ...secret.stringData, AELYST_API_TOKEN: "token", ROLE: role, ...store });
}

function valid(role: string) {
  const result = configOf(role, { REDIS_URL: "redis://redis:6379" });
  if (!result.ok) throw new Error(result.problems.join("; "));
  return result.config;
}

it("kustomization.yaml lists every manifest but the template of the Secret", () => {
  const files = readdirSync(folder).filter((file) => !file.startsWith("."));
  const generated = kustomization.configMapGenerator.flatMap(({ files: sources = [] }) => sources);
  const listed = [...kustomization.resources, ...generated, "kustomization.yaml", "secret.template.yaml"];
  expect(files.toSorted()).toEqual(listed.toSorted());
});

it("no two manifests are the same object", () => {
  const names = manifests.map((one) => `${one.kind}/${one.metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});

it("there is one workload per role", () => {
  expect(workloads.map(roleOf)).toEqual(["intake", "worker"]);
  expect([...all("StatefulSet"), ...all("Deployment")]).toHaveLength(2);
});

it("what intake has acknowledged and not yet stored outlives its pod", () => {
  const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy: kept, serviceName } = intake.spec;
  const { dataDir, spoolBytesMax } = valid("intake");
  const [claim] = volumeClaimTemplates;
  const [container] = intake.spec.template.spec.containers;
  expect(container.volumeMounts).toContainEqual({ name: claim.metadata.name, mountPath: dataDir });
  expect(kept).toEqual({ whenDeleted: "Retain", whenScaled: "Retain" });
  const gibibytes = Number(/^(\d+)Gi$/.exec(claim.spec.resources.requests.storage)?.[1]);
  expect(gibibytes * 2 ** 30).toBeGreaterThan(2 * spoolBytesMax);
  expect(all("Service").map(({ metadata }) => metadata.name)).toEqual([serviceName]);
});

describe.each(workloads.map((one) => [roleOf(one), one] as const))("the workload of %s", (role, one) => {
  const { template, selector } = one.spec;
  const [container] = template.spec.containers;
  const claims = "volumeClaimTemplates" in one.spec ? one.spec.volumeClaimTemplates : [];

  it("selects its own pods, and no other's", () => {
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    const others = workloads.filter((other) => other !== one);
    for (const other of others) expect(other.spec.selector.matchLabels).not.toEqual(selector.matchLabels);
  });

  it("starts with settings that are valid, on either store", () => {
    for (const store of [
      { REDIS_URL: "redis://redis:6379" },
      { DATABASE_URL: "postgres://postgres/relay" },
    ]) {
      expect(configOf(role, store)).toMatchObject({ ok: true, config: { role } });
    }
    expect(container.args).toEqual(["serve"]);
    expect(container.image).toBe(kustomization.images[0].name);
  });

  it("is reached where it listens", () => {
    expect(container.ports).toEqual([{ name: "http", containerPort: valid(role).port }]);
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect(probe.httpGet.port).toBe("http");
      // A probe of /readyz waits up to 1.5 s for the store.
      expect(probe.timeoutSeconds).toBeGreaterThanOrEqual(2);
    }
  });

  it("is restarted only when its process hangs", () => {
    expect(container.livenessProbe.httpGet.path).toBe("/healthz");
  });

  it("is given the time to finish before it is killed", () => {
    const { command = [] } = container.lifecycle?.preStop.exec ?? {};
    const preStopMs = Number(/, (\d+)\)/.exec(command.at(-1) ?? "")?.[1] ?? 0);
    const graceMs = template.spec.terminationGracePeriodSeconds * 1_000;
    expect(graceMs).toBeGreaterThan(preStopMs + valid(role).shutdownTimeoutMs);
  });

  it("mounts what it names, and what it writes to can be written", () => {
    const volumes = [...template.spec.volumes, ...claims.map(({ metadata }) => metadata)].map(
      ({ name }) => name,
    );
    expect(container.volumeMounts.map(({ name }) => name).toSorted()).toEqual(volumes.toSorted());
    const sources = container.volumeMounts.find(({ name }) => name === "sources");
    expect(valid(role).sourcesFile).toBe(`${sources?.mountPath ?? ""}/sources.yaml`);
    expect(container.volumeMounts.filter(({ readOnly }) => readOnly !== true)).not.toEqual([]);
  });

  it("names only ConfigMaps and Secrets that are made here", () => {
    const made = [...kustomization.configMapGenerator.map(({ name }) => name), secret.metadata.name];
    const named = [
      ...container.envFrom.map((from) => ("secretRef" in from ? from.secretRef : from.configMapRef).name),
      ...template.spec.volumes.flatMap((volume) => ("configMap" in volume ? [volume.configMap.name] : [])),
    ];
    expect(named.filter((name) => !made.includes(name))).toEqual([]);
  });
});

it("senders are answered while the store is away: intake starts and stays in its Service, workers are shown as not ready", () => {
  const probes = workloads.map(({ spec }) => spec.template.spec.containers[0]);
  expect(probes.map(({ startupProbe }) => startupProbe.httpGet.path)).toEqual(["/healthz", "/readyz"]);
  expect(probes.map(({ readinessProbe }) => readinessProbe.httpGet.path)).toEqual(["/healthz", "/readyz"]);
});

it("intake goes on taking events until its Service has let go of it", () => {
  expect(intake.spec.template.spec.containers[0].lifecycle).toBeDefined();
  const [service, ...others] = all("Service");
  expect(others).toEqual([]);
  expect(service?.spec.selector).toEqual(intake.spec.selector.matchLabels);
  expect(service?.spec.ports.map(({ targetPort }) => targetPort)).toEqual(["http"]);
});

it.each(["PodDisruptionBudget", "NetworkPolicy"] as const)("every workload has its %s", (kind) => {
  const selected = all(kind).map(({ spec }) => ("selector" in spec ? spec.selector : spec.podSelector));
  expect(selected).toEqual(workloads.map(({ spec }) => spec.selector));
});

it("every workload has its autoscaler, which never goes below what its budget needs", () => {
  const scaled = all("HorizontalPodAutoscaler");
  expect(scaled.map(({ spec }) => spec.scaleTargetRef)).toEqual(
    workloads.map(({ apiVersion, kind, metadata: { name } }) => ({ apiVersion, kind, name })),
  );
  for (const [index, { spec }] of scaled.entries()) {
    expect(spec.minReplicas).toBeGreaterThan(all("PodDisruptionBudget")[index]?.spec.minAvailable ?? 99);
    expect(spec.maxReplicas).toBeGreaterThan(spec.minReplicas);
  }
});

it("workers are scaled by a metric that the adapter makes of one that the relay has", () => {
  const external = all("HorizontalPodAutoscaler").flatMap(({ spec }) =>
    spec.metrics.flatMap((metric) => (metric.type === "External" ? [metric.external.metric.name] : [])),
  );
  const [rule] = adapterShape.parse(prometheus("adapter.yaml")).rules.external;
  expect(external).toEqual([rule.name.as]);
  expect(rule.seriesQuery).toMatch(/^relay_queue_jobs\{queue="events",state="waiting",namespace!=""\}$/);
  expect(rule.metricsQuery).toMatch(/^max by \(<<\.GroupBy>>\) \(<<\.Series>>\{<<\.LabelMatchers>>,.*\}\)$/);
});

it("Prometheus reads the metrics of every pod with the token they ask for", () => {
  const { spec } = podMonitorShape.parse(prometheus("pod-monitor.yaml"));
  const [endpoint] = spec.podMetricsEndpoints;
  for (const workload of workloads) {
    expect(workload.spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  }
  expect(endpoint.port).toBe("http");
  expect(endpoint.authorization.credentials).toEqual({ name: secret.metadata.name, key: "ADMIN_TOKEN" });
});

it("the template of the Secret holds no value, and only what is read", () => {
  const variables = [
    ...providers.map(secretVariable),
    "AELYST_API_TOKEN",
    "ADMIN_TOKEN",
    "REDIS_URL",
    "DATABASE_URL",
  ];
  expect(Object.keys(secret.stringData).filter((name) => !variables.includes(name))).toEqual([]);
  expect(Object.keys(settings).filter((name) => name in secret.stringData)).toEqual([]);
});

it("the sources are valid, and need only what the Secret names", () => {
  const filled = Object.fromEntries(Object.keys(secret.stringData).map((name) => [name, "filled-in"]));
  const result = sourcesFromYaml(read("sources.yaml"), "sources.yaml", filled, providers);
  expect(result).toMatchObject({ ok: true });
});
