/**
 * Every metric, with its name. Those of `pyroscope.*` components have the names that dashboards for Alloy look for.
 *
 * In the engine a component's metrics carry `component_id` and `component_path` besides.
 */
import { Duration, Metric } from "effect"

type Attributes = Readonly<Record<string, string>>

const seconds = Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 17 })

// pyroscope.write. `endpoint` is the URL without credentials.
export const sentBytes = (attributes: Attributes) =>
  Metric.counter("pyroscope_write_sent_bytes_total", {
    attributes,
    description: "Bytes of profiles that an endpoint took.",
    incremental: true
  })
export const sentProfiles = (attributes: Attributes) =>
  Metric.counter("pyroscope_write_sent_profiles_total", {
    attributes,
    description: "Profiles that an endpoint took.",
    incremental: true
  })
/** Also by `reason`. */
export const droppedBytes = (attributes: Attributes) =>
  Metric.counter("pyroscope_write_dropped_bytes_total", {
    attributes,
    description: "Bytes of profiles that an endpoint did not get.",
    incremental: true
  })
/** Also by `reason`. */
export const droppedProfiles = (attributes: Attributes) =>
  Metric.counter("pyroscope_write_dropped_profiles_total", {
    attributes,
    description: "Profiles that an endpoint did not get.",
    incremental: true
  })
/** Also by `reason`. */
export const pushFailures = (attributes: Attributes) =>
  Metric.counter("pyroscope_write_push_failures_total", {
    attributes,
    description: "Pushes that failed, whether or not they are tried again.",
    incremental: true
  })
export const retries = (attributes: Attributes) =>
  Metric.counter("pyroscope_write_retries_total", {
    attributes,
    description: "Pushes that were tried again.",
    incremental: true
  })
/** By `type`: `push_endpoint` and `ingest_endpoint` with retries, `push_downstream` and `ingest_downstream` per attempt. */
export const latency = (attributes: Attributes) =>
  Metric.histogram("pyroscope_write_latency", {
    attributes,
    description: "Seconds it took to push a profile.",
    boundaries: seconds
  })
export const queueProfiles = (attributes: Attributes) =>
  Metric.gauge("pyroscope_write_queue_profiles", {
    attributes,
    description: "Profiles in an endpoint's queue, those on their way included."
  })
export const queueBytes = (attributes: Attributes) =>
  Metric.gauge("pyroscope_write_queue_bytes", {
    attributes,
    description: "Bytes in an endpoint's queue, those on their way included."
  })
export const queueMaxBytes = (attributes: Attributes) =>
  Metric.gauge("pyroscope_write_queue_max_bytes", {
    attributes,
    description: "Bytes that an endpoint's queue may hold."
  })
export const inFlightProfiles = (attributes: Attributes) =>
  Metric.gauge("pyroscope_write_in_flight_profiles", {
    attributes,
    description: "Profiles that are being sent to an endpoint."
  })
export const queueOldestSeconds = (attributes: Attributes) =>
  Metric.gauge("pyroscope_write_queue_oldest_seconds", {
    attributes,
    description: "Age of the oldest profile that waits for an endpoint."
  })
export const endpointUp = (attributes: Attributes) =>
  Metric.gauge("pyroscope_write_endpoint_up", {
    attributes,
    description: "1, or 0 while an endpoint as a whole fails, so that only probes are sent to it."
  })
export const endpointPauseSeconds = (attributes: Attributes) =>
  Metric.gauge("pyroscope_write_endpoint_pause_seconds", {
    attributes,
    description: "Seconds until something is sent to an endpoint again."
  })

// Whatever has a forward_to. One of each for a component: a metric remembers whose series it was last.
export const fanoutLatency = () =>
  Metric.histogram("pyroscope_fanout_latency", {
    description: "Seconds it took all receivers of forward_to to take a profile.",
    boundaries: seconds
  })
export const forwardedEntries = () =>
  Metric.counter("pyroscope_forwarded_entries_total", {
    description: "Profiles that all receivers of forward_to took, those of /ingest not included.",
    incremental: true
  })

// pyroscope.relabel
export const relabelProcessed = () =>
  Metric.counter("pyroscope_relabel_profiles_processed", {
    description: "Profiles that came to be relabelled.",
    incremental: true
  })
export const relabelWritten = () =>
  Metric.counter("pyroscope_relabel_profiles_written", {
    description: "Profiles that were forwarded with the labels that the rules have made.",
    incremental: true
  })
export const relabelDropped = () =>
  Metric.counter("pyroscope_relabel_profiles_dropped", {
    description: "Profiles that the rules dropped.",
    incremental: true
  })
export const relabelCacheHits = () =>
  Metric.counter("pyroscope_relabel_cache_hits", {
    description: "Profiles whose labels had been relabelled before.",
    incremental: true
  })
export const relabelCacheMisses = () =>
  Metric.counter("pyroscope_relabel_cache_misses", {
    description: "Profiles whose labels had to be relabelled.",
    incremental: true
  })
export const relabelCacheSize = () =>
  Metric.gauge("pyroscope_relabel_cache_size", {
    description: "Sets of labels that have been relabelled and are remembered."
  })

// pyroscope.receive_http
/** By `route` and `status_code`, which is 499 where the sender went away before all of its request had arrived. */
export const requestDuration = (attributes: Attributes) =>
  Metric.histogram("pyroscope_receive_http_request_duration_seconds", {
    attributes,
    description: "Seconds from a request's head to its answer.",
    boundaries: seconds
  })

/** By `reason`. */
export const requestsRefused = (attributes: Attributes) =>
  Metric.counter("pyroscope_receive_http_refused_requests_total", {
    attributes,
    description: "Requests that were refused, and connections that were turned away.",
    incremental: true
  })

// pyroscope.scrape. By `type` of profile, and by no target: there may be thousands.
export const scrapes = (attributes: Attributes) =>
  Metric.counter("pyroscope_scrape_scrapes_total", {
    attributes,
    description: "Scrapes that have ended, those that failed included.",
    incremental: true
  })
/** Also by `reason`. */
export const scrapeFailures = (attributes: Attributes) =>
  Metric.counter("pyroscope_scrape_failures_total", {
    attributes,
    description: "Scrapes that gave no profile.",
    incremental: true
  })
export const scrapesSkipped = (attributes: Attributes) =>
  Metric.counter("pyroscope_scrape_skipped_total", {
    attributes,
    description: "Scrapes that were left out, as the one before took longer than the interval.",
    incremental: true
  })
export const scrapesRefused = (attributes: Attributes) =>
  Metric.counter("pyroscope_scrape_refused_total", {
    attributes,
    description: "Profiles that were scraped and that nobody took.",
    incremental: true
  })
export const scrapeDuration = (attributes: Attributes) =>
  Metric.histogram("pyroscope_scrape_duration_seconds", {
    attributes,
    description: "Seconds it took to get a profile from a target.",
    boundaries: seconds
  })
export const scrapedBytes = (attributes: Attributes) =>
  Metric.counter("pyroscope_scrape_bytes_total", {
    attributes,
    description: "Bytes of profiles as targets gave them.",
    incremental: true
  })
/** Also by `health`: `up`, `down` and, before the first scrape has ended, `unknown`. */
export const scrapeTargets = (attributes: Attributes) =>
  Metric.gauge("pyroscope_scrape_targets", {
    attributes,
    description: "Targets by their health."
  })
export const scrapeBaselineBytes = (attributes: Attributes) =>
  Metric.gauge("pyroscope_scrape_baseline_bytes", {
    attributes,
    description: "Bytes that are kept of the last profiles, to make differences to the next."
  })
export const scrapeOldestProfileSeconds = (attributes: Attributes) =>
  Metric.gauge("pyroscope_scrape_oldest_profile_seconds", {
    attributes,
    description: "Seconds since a profile came from the target from which none has come for longest."
  })

// local.file
export const fileLastAccessed = Metric.gauge("local_file_timestamp_last_accessed_unix_seconds", {
  description: "When the file was last read, in seconds since the epoch."
})

// Whatever has profiles and nowhere to send them
export const discardedProfiles = () =>
  Metric.counter("pyroduct_discarded_profiles_total", {
    description: "Profiles that were taken where there is nowhere to send them.",
    incremental: true
  })

// pyroduct.sink
/** By `route` and `status_code`. */
export const sinkRequestDuration = (attributes: Attributes) =>
  Metric.histogram("pyroduct_sink_request_duration_seconds", {
    attributes,
    description: "Seconds from a request's head to its answer.",
    boundaries: seconds
  })

/** By `reason`. */
export const sinkRequestsRefused = (attributes: Attributes) =>
  Metric.counter("pyroduct_sink_refused_requests_total", {
    attributes,
    description: "Requests that were refused, and connections that were turned away.",
    incremental: true
  })

// The engine
/** By `health_type`. */
export const runningComponents = (attributes: Attributes) =>
  Metric.gauge("pyroduct_component_controller_running_components", {
    attributes,
    description: "Components by their health."
  })
export const lastLoadSuccessful = Metric.gauge("pyroduct_config_last_load_successful", {
  description: "1 if the configuration was read and put in force the last time that was tried."
})
export const lastLoadSuccessSeconds = Metric.gauge("pyroduct_config_last_load_success_timestamp_seconds", {
  description: "When a configuration was last put in force, in seconds since the epoch."
})
export const loadFailures = Metric.counter("pyroduct_config_load_failures_total", {
  description: "Reloads of which something failed.",
  incremental: true
})
export const configHash = Metric.gauge("pyroduct_config_hash", {
  description: "A number that is another for every text of the configuration in force."
})
export const evaluationSeconds = Metric.mapInput(
  Metric.histogram("pyroduct_component_evaluation_seconds", {
    description: "Seconds it took to evaluate a block, and to build its component where its arguments had changed.",
    boundaries: [0.005, 0.025, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600]
  }),
  Duration.toSeconds
)
/** By `version`. */
export const buildInfo = (attributes: Attributes) =>
  Metric.gauge("pyroduct_build_info", {
    attributes,
    description: "A constant 1, labelled with the version that runs."
  })

// The process, with the names that Prometheus' clients give: of a program, and of one on Node
export const processCpuSeconds = Metric.counter("process_cpu_seconds_total", {
  description: "Total user and system CPU time spent in seconds.",
  incremental: true
})
export const processCpuUserSeconds = Metric.counter("process_cpu_user_seconds_total", {
  description: "Total user CPU time spent in seconds.",
  incremental: true
})
export const processCpuSystemSeconds = Metric.counter("process_cpu_system_seconds_total", {
  description: "Total system CPU time spent in seconds.",
  incremental: true
})
export const processStartTime = Metric.gauge("process_start_time_seconds", {
  description: "Start time of the process since the epoch in seconds."
})
export const processResidentMemory = Metric.gauge("process_resident_memory_bytes", {
  description: "Resident memory size in bytes."
})
export const processVirtualMemory = Metric.gauge("process_virtual_memory_bytes", {
  description: "Virtual memory size in bytes."
})
export const processOpenFds = Metric.gauge("process_open_fds", {
  description: "Number of open file descriptors."
})
export const processMaxFds = Metric.gauge("process_max_fds", {
  description: "Maximum number of open file descriptors."
})
export const nodeHeapTotal = Metric.gauge("nodejs_heap_size_total_bytes", {
  description: "Bytes that V8 has for its heap."
})
export const nodeHeapUsed = Metric.gauge("nodejs_heap_size_used_bytes", {
  description: "Bytes of V8's heap that are in use."
})
export const nodeHeapLimit = Metric.gauge("nodejs_heap_size_limit_bytes", {
  description: "Bytes that V8's heap may have: the process ends where that is not enough."
})
export const nodeExternalMemory = Metric.gauge("nodejs_external_memory_bytes", {
  description: "Bytes outside of V8's heap that its objects hold, such as profiles."
})
export const eventLoopLag = Metric.gauge("nodejs_eventloop_lag_seconds", {
  description: "How late the event loop was, as measured at the scrape before."
})
const lag = (statistic: string, what: string) =>
  Metric.gauge(`nodejs_eventloop_lag_${statistic}_seconds`, {
    description: `How late the event loop was since the scrape before: ${what}.`
  })
export const eventLoopLags = {
  min: lag("min", "the least"),
  max: lag("max", "the most"),
  mean: lag("mean", "the mean"),
  stddev: lag("stddev", "the standard deviation"),
  p50: lag("p50", "the median"),
  p90: lag("p90", "the 90th percentile"),
  p99: lag("p99", "the 99th percentile")
}
/** By `kind`: `minor`, `major`, `incremental` and `weakcb`. */
export const gcDuration = (attributes: Attributes) =>
  Metric.histogram("nodejs_gc_duration_seconds", {
    attributes,
    description: "Seconds that a collection of garbage took.",
    boundaries: [0.001, 0.01, 0.1, 1, 2, 5]
  })
/** By `version`, `major`, `minor` and `patch`. */
export const nodeVersion = (attributes: Attributes) =>
  Metric.gauge("nodejs_version_info", {
    attributes,
    description: "A constant 1, labelled with the version of Node."
  })
