// Registration and its refusals, what shards count and a scrape merges, and what counting costs.
import AllocationCounter
import Dispatch
import Synchronization
import Testing
import Units

@testable import Telemetry

@Suite struct MetricsTests {
    @Test func aScrapeMergesTheShards() {
        var catalogue = MetricsCatalogue()
        let requests = catalogue.counter("paceline_requests_total", help: "Requests.")
        let open = catalogue.gauge("paceline_connections", help: "Connections that are open.")
        let times = catalogue.histogram("paceline_request_seconds", help: "Service time.")
        let metrics = catalogue.freeze()
        for shard in 1...3 {
            let own = metrics.addShard()
            own.counter(requests).add(shard)
            own.counter(requests).add()
            own.gauge(open).set(shard * 10)
            own.gauge(open).add(-20)
            own.histogram(times).record(Int64(shard) * 1_000)
        }
        #expect(metrics.value(of: requests) == 9)
        #expect(metrics.value(of: open) == 0)
        let merged = metrics.distribution(of: times)
        #expect(merged.count == 3)
        #expect(merged.sumNanoseconds == 6_000)
        #expect(merged.quantile(1)! >= .microseconds(3))
    }

    @Test func aGaugeGoesBelowZero() {
        var catalogue = MetricsCatalogue()
        let key = catalogue.gauge("paceline_balance", help: "A balance.")
        let metrics = catalogue.freeze()
        metrics.addShard().gauge(key).set(-5)
        metrics.addShard().gauge(key).set(2)
        #expect(metrics.value(of: key) == -3)
        #expect(String(decoding: metrics.prometheusText(), as: UTF8.self).contains("\npaceline_balance -3\n"))
    }

    @Test func shardsCountWhileAnotherThreadScrapes() {
        var catalogue = MetricsCatalogue()
        let counter = catalogue.counter("paceline_events_total", help: "Events.")
        let gauge = catalogue.gauge("paceline_level", help: "A level.")
        let histogram = catalogue.histogram("paceline_event_seconds", help: "Lengths.")
        let shared = catalogue.sharedCounter("paceline_reloads_total", help: "Reloads.")
        let metrics = catalogue.freeze()
        let (shards, events) = (3, 50_000)
        let running = Atomic<Int>(shards)
        let threads = DispatchGroup()
        for shard in 0..<shards {
            DispatchQueue.global().async(group: threads) {
                let own = metrics.addShard()
                let (count, level, lengths) = (
                    own.counter(counter), own.gauge(gauge), own.histogram(histogram)
                )
                for event in 0..<events {
                    count.add()
                    level.set(event)
                    lengths.record(Int64(event * (shard + 1)))
                    if event % 1_000 == 0 { shared.add() }
                }
                running.subtract(1, ordering: .releasing)
            }
        }
        var last: UInt64 = 0
        var scrapes = 0
        while running.load(ordering: .acquiring) > 0 {
            let now = metrics.value(of: counter)
            #expect(now >= last)
            last = now
            #expect(metrics.prometheusText().count > 500)
            scrapes += 1
        }
        threads.wait()
        #expect(scrapes > 0)
        #expect(metrics.value(of: counter) == UInt64(shards * events))
        #expect(metrics.value(of: gauge) == shards * (events - 1))
        #expect(metrics.distribution(of: histogram).count == UInt64(shards * events))
        let sum = UInt64(events * (events - 1) / 2 * (1 + 2 + 3))
        #expect(metrics.distribution(of: histogram).sumNanoseconds == sum)
        #expect(
            String(decoding: metrics.prometheusText(), as: UTF8.self).contains("paceline_reloads_total 150\n")
        )
    }

    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer's malloc is in the way"))
    func countingAllocatesNothing() {
        var catalogue = MetricsCatalogue()
        let counterKey = catalogue.counter("paceline_events_total", help: "Events.")
        let gaugeKey = catalogue.gauge("paceline_level", help: "A level.")
        let histogramKey = catalogue.histogram("paceline_event_seconds", help: "Lengths.")
        let shared = catalogue.sharedCounter("paceline_reloads_total", help: "Reloads.")
        let shard = catalogue.freeze().addShard()
        let (counter, gauge, histogram) = (
            shard.counter(counterKey), shard.gauge(gaugeKey), shard.histogram(histogramKey)
        )
        func work() {
            for event in 0..<1_000 {
                counter.add()
                gauge.set(event)
                histogram.record(Int64(event))
                shared.add()
            }
        }
        work()
        let before = allocations_of_thread()
        work()
        #expect(allocations_of_thread() == before)
        let control = [UInt8](repeating: 1, count: Int.random(in: 100...200))
        #expect(allocations_of_thread() > before && control.count >= 100, "the counter counts")
    }

    @Test func wrongNamesTrapAtStart() async {
        await #expect(processExitsWith: .failure) {
            var catalogue = MetricsCatalogue()
            _ = catalogue.counter("paceline_requests", help: "No _total.")
        }
        await #expect(processExitsWith: .failure) {
            var catalogue = MetricsCatalogue()
            _ = catalogue.gauge("paceline-level", help: "A hyphen.")
        }
        await #expect(processExitsWith: .failure) {
            var catalogue = MetricsCatalogue()
            _ = catalogue.gauge("paceline_memory", help: "No unit.", unit: .bytes)
        }
        await #expect(processExitsWith: .failure) {
            var catalogue = MetricsCatalogue()
            _ = catalogue.histogram("paceline_wait_seconds", help: "A reserved label.", labels: ["le": "1"])
        }
        await #expect(processExitsWith: .failure) {
            var catalogue = MetricsCatalogue()
            _ = catalogue.gauge("paceline_level", help: "Twice.", labels: ["a": "1"])
            _ = catalogue.gauge("paceline_level", help: "Twice.", labels: ["a": "1"])
        }
        await #expect(processExitsWith: .failure) {
            var catalogue = MetricsCatalogue()
            let key = catalogue.gauge("paceline_level", help: "A level.")
            _ = MetricsCatalogue().freeze().addShard().gauge(key)
        }
    }
}
