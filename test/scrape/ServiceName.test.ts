import { assert, describe, it } from "@effect/vitest"
import * as Labels from "../../src/profile/Labels.ts"
import * as ServiceName from "../../src/scrape/ServiceName.ts"

describe("ServiceName", () => {
  it("is what discovery knows first, of the one that knows best", () => {
    const known: ReadonlyArray<readonly [labels: Readonly<Record<string, string>>, name: string]> = [
      [{ __meta_kubernetes_pod_annotation_pyroscope_io_service_name: "annotated" }, "annotated"],
      [{ __meta_kubernetes_namespace: "ns", __meta_kubernetes_pod_container_name: "app" }, "ns/app"],
      [{ __meta_docker_container_name: "/shop" }, "/shop"],
      [{ __meta_dockerswarm_container_label_service_name: "label" }, "label"],
      [{ __meta_dockerswarm_service_name: "swarm" }, "swarm"],
      [{}, "unspecified"]
    ]
    for (const [index, [, name]] of known.entries()) {
      const labels = Labels.make(Object.assign({}, ...known.slice(index).map(([labels]) => labels)))
      assert.strictEqual(ServiceName.infer(labels), name)
    }
  })

  it("needs both the namespace and the container", () => {
    const nameOf = (labels: Labels.Overrides) => ServiceName.infer(Labels.make(labels))
    assert.strictEqual(nameOf({ __meta_kubernetes_namespace: "ns" }), "unspecified")
    assert.strictEqual(nameOf({ __meta_kubernetes_pod_container_name: "app" }), "unspecified")
  })
})
