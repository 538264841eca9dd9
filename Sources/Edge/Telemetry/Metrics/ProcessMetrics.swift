// What Prometheus expects every process to tell about itself, under the names that its dashboards know.
public import Kernel
public import Units

extension MetricsCatalogue {
    /// Adds the process's own metrics; each is read when it is scraped. `started` is wall time.
    public mutating func addProcessMetrics(started: Instant = Kernel.wallNow()) {
        let startMonotonic = Kernel.monotonicNow()
        computedGauge(
            "process_start_time_seconds", help: "When the process started, in seconds since 1970.",
            unit: .seconds
        ) { Double(started.nanoseconds) / 1e9 }
        computedGauge(
            "process_uptime_seconds", help: "How long the process has been running.", unit: .seconds
        ) { Double((Kernel.monotonicNow() - startMonotonic).nanoseconds) / 1e9 }
        computedCounter(
            "process_cpu_seconds_total", help: "Processor time spent in user and kernel mode.", unit: .seconds
        ) { Double(Kernel.processorTime().nanoseconds) / 1e9 }
        computedGauge(
            "process_resident_memory_bytes", help: "Memory that the process holds resident.", unit: .bytes
        ) { residentBytes() }
        computedGauge("process_open_fds", help: "Descriptors that are open.") {
            // The count includes the descriptor that counts.
            (try? Kernel.entryCount(of: "/proc/self/fd")).map { Double($0 - 1) }
        }
        computedGauge("process_max_fds", help: "Descriptors that may be open.") {
            (try? Kernel.descriptorLimit()).map(Double.init)
        }
    }
}

/// The line `VmRSS:  1234 kB` of /proc/self/status; nil where /proc is not mounted.
private func residentBytes() -> Double? {
    guard let status = try? Kernel.contents(of: "/proc/self/status", limit: 64 * 1024) else { return nil }
    for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: "VmRSS:".utf8) {
        let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Double(String(decoding: digits, as: UTF8.self)).map { $0 * 1_024 }
    }
    return nil
}
