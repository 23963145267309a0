import { z } from "zod";

/**
 * The parts of Kubernetes' objects that are used here, strictly: a misspelt or misplaced field is found, which the API
 * server would only warn of. Their whole schemas are 18 MB and do not refuse unknown fields.
 */
const name = z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
const labels = z.record(z.string().regex(/^[a-z./]+$/), name);
const metadata = z.strictObject({ name, labels: labels.optional() });
const selector = z.strictObject({ matchLabels: labels });
const whole = z.number().int().min(0);
const cpu = z.string().regex(/^\d+m?$/);
const memory = z.string().regex(/^\d+(?:Mi|Gi)$/);
const port = z.union([z.number().int().min(1).max(65_535), name]);

const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith("/"), port: name }),
  periodSeconds: whole,
  timeoutSeconds: whole,
  failureThreshold: whole,
});

const container = z.strictObject({
  name,
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  envFrom: z.array(
    z.union([
      z.strictObject({ configMapRef: z.strictObject({ name }) }),
      z.strictObject({ secretRef: z.strictObject({ name }) }),
    ]),
  ),
  ports: z.array(z.strictObject({ name, containerPort: whole })),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  lifecycle: z
    .strictObject({
      preStop: z.strictObject({ exec: z.strictObject({ command: z.array(z.string()) }) }),
    })
    .optional(),
  resources: z.strictObject({
    requests: z.strictObject({ cpu, memory }),
    limits: z.strictObject({ memory }),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal("ALL")]) }),
  }),
  volumeMounts: z.array(
    z.strictObject({ name, mountPath: z.string().startsWith("/"), readOnly: z.literal(true).optional() }),
  ),
});

const pod = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: whole,
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: whole,
    runAsGroup: whole,
    fsGroup: whole,
    seccompProfile: z.strictObject({ type: z.literal("RuntimeDefault") }),
  }),
  topologySpreadConstraints: z.array(
    z.strictObject({
      maxSkew: whole,
      topologyKey: z.string(),
      whenUnsatisfiable: z.enum(["ScheduleAnyway", "DoNotSchedule"]),
      labelSelector: selector,
    }),
  ),
  containers: z.tuple([container]),
  volumes: z.array(
    z.union([
      z.strictObject({ name, configMap: z.strictObject({ name }) }),
      z.strictObject({ name, emptyDir: z.strictObject({ sizeLimit: memory }) }),
    ]),
  ),
});

const deployment = z.strictObject({
  apiVersion: z.literal("apps/v1"),
  kind: z.literal("Deployment"),
  metadata,
  spec: z.strictObject({
    strategy: z.strictObject({
      type: z.literal("RollingUpdate"),
      rollingUpdate: z.strictObject({ maxUnavailable: whole, maxSurge: whole }),
    }),
    selector,
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: pod }),
  }),
});

const claim = z.strictObject({
  metadata: z.strictObject({ name }),
  spec: z.strictObject({
    accessModes: z.tuple([z.literal("ReadWriteOnce")]),
    resources: z.strictObject({ requests: z.strictObject({ storage: memory }) }),
  }),
});

const statefulSet = z.strictObject({
  apiVersion: z.literal("apps/v1"),
  kind: z.literal("StatefulSet"),
  metadata,
  spec: z.strictObject({
    serviceName: name,
    podManagementPolicy: z.enum(["OrderedReady", "Parallel"]),
    updateStrategy: z.strictObject({ type: z.literal("RollingUpdate") }),
    persistentVolumeClaimRetentionPolicy: z.strictObject({
      whenDeleted: z.enum(["Retain", "Delete"]),
      whenScaled: z.enum(["Retain", "Delete"]),
    }),
    selector,
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: pod }),
    volumeClaimTemplates: z.tuple([claim]),
  }),
});

const service = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Service"),
  metadata,
  spec: z.strictObject({
    selector: labels,
    ports: z.array(z.strictObject({ name, port: whole, targetPort: name })),
  }),
});

const disruptionBudget = z.strictObject({
  apiVersion: z.literal("policy/v1"),
  kind: z.literal("PodDisruptionBudget"),
  metadata,
  spec: z.strictObject({ minAvailable: whole, selector }),
});

const metric = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("Resource"),
    resource: z.strictObject({
      name: z.enum(["cpu", "memory"]),
      target: z.strictObject({ type: z.literal("Utilization"), averageUtilization: whole }),
    }),
  }),
  z.strictObject({
    type: z.literal("External"),
    external: z.strictObject({
      metric: z.strictObject({ name: z.string() }),
      target: z.strictObject({ type: z.literal("AverageValue"), averageValue: z.string().regex(/^\d+$/) }),
    }),
  }),
]);

const autoscaler = z.strictObject({
  apiVersion: z.literal("autoscaling/v2"),
  kind: z.literal("HorizontalPodAutoscaler"),
  metadata,
  spec: z.strictObject({
    scaleTargetRef: z.strictObject({ apiVersion: z.string(), kind: z.string(), name }),
    minReplicas: whole,
    maxReplicas: whole,
    behavior: z.strictObject({ scaleDown: z.strictObject({ stabilizationWindowSeconds: whole }) }).optional(),
    metrics: z.array(metric),
  }),
});

const ports = z.array(z.strictObject({ port, protocol: z.enum(["TCP", "UDP"]) }));
const networkPolicy = z.strictObject({
  apiVersion: z.literal("networking.k8s.io/v1"),
  kind: z.literal("NetworkPolicy"),
  metadata,
  spec: z.strictObject({
    podSelector: selector,
    policyTypes: z.array(z.enum(["Ingress", "Egress"])),
    ingress: z.array(
      z.strictObject({ from: z.array(z.strictObject({ namespaceSelector: selector })).optional(), ports }),
    ),
    egress: z.array(z.strictObject({ ports })),
  }),
});

export const secretShape = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Secret"),
  metadata,
  type: z.literal("Opaque"),
  stringData: z.record(z.string(), z.literal("")),
});

export const kustomizationShape = z.strictObject({
  apiVersion: z.literal("kustomize.config.k8s.io/v1beta1"),
  kind: z.literal("Kustomization"),
  resources: z.array(z.string()),
  images: z.tuple([z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })]),
  configMapGenerator: z.array(
    z.strictObject({
      name,
      files: z.array(z.string()).optional(),
      literals: z.array(z.string().regex(/^[A-Z_]+=/)).optional(),
    }),
  ),
});

export const adapterShape = z.strictObject({
  rules: z.strictObject({
    external: z.tuple([
      z.strictObject({
        seriesQuery: z.string(),
        resources: z.strictObject({
          overrides: z.strictObject({ namespace: z.strictObject({ resource: z.literal("namespace") }) }),
        }),
        name: z.strictObject({ as: z.string() }),
        metricsQuery: z.string(),
      }),
    ]),
  }),
});

export const podMonitorShape = z.strictObject({
  apiVersion: z.literal("monitoring.coreos.com/v1"),
  kind: z.literal("PodMonitor"),
  metadata,
  spec: z.strictObject({
    selector,
    podMetricsEndpoints: z.tuple([
      z.strictObject({
        port: name,
        path: z.literal("/metrics"),
        interval: z.string().regex(/^\d+s$/),
        authorization: z.strictObject({
          type: z.literal("Bearer"),
          credentials: z.strictObject({ name, key: z.string() }),
        }),
      }),
    ]),
  }),
});

export const alertsShape = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^ContactRelay[A-Z]\w+$/),
          expr: z.string(),
          for: z.string().regex(/^\d+[smh]$/),
          labels: z.strictObject({ severity: z.enum(["page", "ticket"]) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});

export const manifestShape = z.discriminatedUnion("kind", [
  deployment,
  statefulSet,
  service,
  disruptionBudget,
  autoscaler,
  networkPolicy,
]);

export type Manifest = z.infer<typeof manifestShape>;
