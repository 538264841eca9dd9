// Where regions stand, for metrics, which any thread reads.
import Fleet
import Settings
import Synchronization
import Telemetry

final class RegionView: Sendable {
    struct One: Sendable {
        let state: RegionState
        let share: Int
        let inside: Bool
        let outside: Bool?
    }

    private let held = Mutex<[One]>([])

    /// In the order of the settings; empty where this process does not lead.
    var all: [One] {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    private func value(_ region: Int, _ read: (One) -> Double) -> Double {
        held.withLock { $0.indices.contains(region) ? read($0[region]) : 0 }
    }

    func register(in catalogue: inout MetricsCatalogue, _ regions: [CoordinatorSettings.Region]) {
        for (number, region) in regions.enumerated() {
            for state in RegionState.allCases {
                catalogue.computedGauge(
                    "paceline_region_state",
                    help: "1 for the state that a region is in, where this coordinator leads.",
                    labels: ["region": region.name, "state": "\(state)"]
                ) { [self] in value(number) { $0.state == state ? 1 : 0 } }
            }
            catalogue.computedGauge(
                "paceline_region_share_ratio",
                help: "How much of its traffic a region is to get; 0 where this coordinator does not lead.",
                labels: ["region": region.name]
            ) { [self] in value(number) { Double($0.share) / 1_000 } }
            for signal in ["inside", "outside"] where signal == "inside" || !region.probes.isEmpty {
                catalogue.computedGauge(
                    "paceline_region_signal",
                    help:
                        "1 where a region's brokers speak (inside) or its probes are answered (outside), seen by the coordinator that leads.",
                    labels: ["region": region.name, "signal": signal]
                ) { [self] in value(number) { (signal == "inside" ? $0.inside : $0.outside ?? false) ? 1 : 0 }
                }
            }
        }
    }
}
