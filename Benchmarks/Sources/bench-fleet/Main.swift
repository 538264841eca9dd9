// What a fleet does together: settlements into the ledger beside a bare COPY, and, with real processes, how soon a switch is
// everywhere, how soon another leads, and what a node notices of coordinators and brokers that are away.
// PACELINE_BENCH_ONLY=ledger measures settlements alone; the bench then ends as failed, since the other lines are missing.
import BenchKit
import Foundation

@main
enum Main {
    static let rounds = 7

    static func main() {
        Bench.run("fleet") { bench in
            let ledger = try Ledger()
            let both = try interleaved(rounds: rounds, { try ledger.ours() }, { try ledger.bare() })
            try ledger.verify()
            try bench.compare(
                "movements settled", unit: "per s", ours: both.a.map(\.perSecond),
                peer: both.b.map(\.perSecond), named: "COPY")

            if ProcessInfo.processInfo.environment["PACELINE_BENCH_ONLY"] == "ledger" { return }
            let seen = try Processes.measured()
            let worst = seen.switches.sorted()[(seen.switches.count * 99 + 99) / 100 - 1]
            try bench.measure("a switch at all nodes, p99", unit: "ms", ours: [worst])
            try bench.measure("a switch at all nodes, p50", unit: "ms", ours: [median(seen.switches)])
            try bench.measure(
                "a new grant after the leader's SIGKILL, the slowest", unit: "s",
                ours: [seen.grants.max() ?? 0])
            try bench.compare(
                "a node's p99 without coordinators and brokers", unit: "µs", ours: seen.away,
                peer: seen.normal, named: "with them")
        }
    }
}
