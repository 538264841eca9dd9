// The catalogs that a fuzzed request is decided with: the repository's own, with deals and blocks and three
// priorities, and a generated one, in which many line items are alike.
import Auction
import Catalog
import Decision
import Foundation
import Units

enum FuzzCatalogs {
    /// The evening that the sample request is from; the generated campaigns run then, too.
    static let now = Instant(nanoseconds: 1_795_224_600_000_000_000)

    static let settings: DecisionSettings = {
        var settings = DecisionSettings()
        for (code, rate) in [("EUR", "1.0837"), ("JPY", "0.00652")] {
            guard let code = CurrencyCode(code), let rate = ExchangeRate(decimal: rate) else { continue }
            precondition(settings.currencies.set(code, worth: rate))
        }
        settings.seenCreative = .penalise(400_000)
        settings.seenAdvertiser = .exclude
        return settings
    }()

    private static let examples = URL(filePath: #filePath).appending(path: "../../../../../Examples")
        .standardized

    /// The sample request of the repository.
    static let sample: [UInt8] = {
        do { return Array(try Data(contentsOf: examples.appending(path: "ctv-pod.json"))) } catch {
            fatalError("\(error)")
        }
    }()

    static let demoBytes = compiled {
        let folder = examples.appending(path: "catalog")
        var reading = CatalogReading()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted() {
            reading.add(name, Array(try Data(contentsOf: folder.appending(path: name))))
        }
        return try reading.finish()
    }

    static let demo = snapshot(demoBytes)
    static let generated = snapshot(
        compiled {
            var generator = CatalogGenerator(lineItems: 600, seed: 5)
            return generator.source()
        })

    // Without catalogs there is nothing to try.

    private static func compiled(_ source: () throws -> CatalogSource) -> [UInt8] {
        do { return try CatalogCompiler.compile(source()) } catch { fatalError("\(error)") }
    }

    private static func snapshot(_ bytes: [UInt8]) -> CatalogSnapshot {
        do { return try CatalogSnapshot(copying: bytes) } catch { fatalError("\(error)") }
    }
}
