// What a node has learnt of its traffic, on disk beside the balances: a start that knew nothing would take all hours to
// be alike for a week. What cannot be read is learnt anew; no money depends on it.
import Glibc
import Kernel
import Pacing
import Telemetry
import Units

struct ForecastFile: Sendable {
    private let path: String
    private let log: Log

    /// 168 hours of 24 bytes, and what stands around them.
    private static let bytesMost = 8_192

    init(in directory: String, _ log: Log) {
        path = "\(directory)/forecast"
        self.log = log
    }

    func read() -> Forecast {
        do {
            let bytes = try Kernel.contents(of: path, limit: Self.bytesMost)
            if let forecast = Forecast(bytes.span.bytes, regions: 1, inventories: 1) { return forecast }
            log.warning(
                "the forecast of traffic is damaged, and learnt anew: pacing takes all hours to be alike meanwhile",
                ["path": .string(path)])
        } catch {
            if error.cause != Errno(ENOENT) {
                log.warning(
                    "the forecast of traffic cannot be read, and is learnt anew",
                    ["path": .string(path), "cause": .error(error)])
            }
        }
        return Forecast(regions: 1, inventories: 1)
    }

    /// Once an hour.
    func write(_ forecast: Forecast) {
        do {
            try Kernel.replace(path, with: forecast.encoded())
        } catch {
            log.warning(
                "the forecast of traffic could not be written; it stays in memory",
                ["path": .string(path), "cause": .error(error)])
        }
    }
}
