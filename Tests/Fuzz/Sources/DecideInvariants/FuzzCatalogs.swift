// The catalogs that a fuzzed request is decided with: the repository's own, with deals and blocks and three
// priorities, a generated one, in which many line items are alike, and one of this folder with every kind of creative
// and of deal, which are for nearly everybody.
import Auction
import Catalog
import Decision
import Foundation
import Notices
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

    /// The same where bids are shaded, answers have notices, and the ends of a break are worth more.
    static let furtherSettings: DecisionSettings = {
        var settings = FuzzCatalogs.settings
        settings.shadesBids = true
        (settings.firstPremium, settings.lastPremium) = (200_000, 100_000)
        settings.network = .milliseconds(20)
        let secret = [UInt8](repeating: 7, count: NoticeKey.byteCount)
        guard let key = NoticeKey(secret: secret.span.bytes, made: Instant(nanoseconds: 0)),
            let addresses = NoticeAddresses(
                base: "https://n.example/a&b", keyID: key.id, lifetime: .seconds(3_600),
                isBilledByImpression: true)
        else { fatalError("a key of the right length signs") }
        settings.notices = addresses.signed(with: key, shard: 3)
        return settings
    }()

    private static let repository = URL(filePath: #filePath).appending(path: "../../../../..").standardized
    private static let examples = repository.appending(path: "Examples")

    /// The sample request of the repository.
    static let sample: [UInt8] = {
        do { return Array(try Data(contentsOf: examples.appending(path: "ctv-pod.json"))) } catch {
            fatalError("\(error)")
        }
    }()

    static let demoBytes = compiled { try read(examples.appending(path: "catalog")) }

    static let demo = snapshot(demoBytes)
    static let kinds = snapshot(compiled { try read(repository.appending(path: "Tests/Fuzz/Catalog")) })
    static let generated = snapshot(
        compiled {
            var generator = CatalogGenerator(lineItems: 600, seed: 5)
            return generator.source()
        })

    // Without catalogs there is nothing to try.

    private static func read(_ folder: URL) throws -> CatalogSource {
        var reading = CatalogReading()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted() {
            reading.add(name, Array(try Data(contentsOf: folder.appending(path: name))))
        }
        return try reading.finish()
    }

    private static func compiled(_ source: () throws -> CatalogSource) -> [UInt8] {
        do { return try CatalogCompiler.compile(source()) } catch { fatalError("\(error)") }
    }

    private static func snapshot(_ bytes: [UInt8]) -> CatalogSnapshot {
        do { return try CatalogSnapshot(copying: bytes) } catch { fatalError("\(error)") }
    }
}
