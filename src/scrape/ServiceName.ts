/**
 * What a service is called that nobody has named: what its discovery knows of it.
 */
import { get, type Labels } from "../profile/Labels.ts"

const fallback = "unspecified"

/** The order and the names are those of Alloy, so that a service keeps its name. */
export const infer = (labels: Labels): string =>
  get(labels, "__meta_kubernetes_pod_annotation_pyroscope_io_service_name") ||
  ofContainer(labels) ||
  get(labels, "__meta_docker_container_name") ||
  get(labels, "__meta_dockerswarm_container_label_service_name") ||
  get(labels, "__meta_dockerswarm_service_name") ||
  fallback

const ofContainer = (labels: Labels): string => {
  const namespace = get(labels, "__meta_kubernetes_namespace")
  const container = get(labels, "__meta_kubernetes_pod_container_name")
  return namespace === "" || container === "" ? "" : `${namespace}/${container}`
}
