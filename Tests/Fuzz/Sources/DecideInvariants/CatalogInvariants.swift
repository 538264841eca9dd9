// What must hold of a catalog from any bytes: a file is accepted or refused with reasons, and what is accepted compiles to
// the same bytes twice, loads, and decides; a snapshot whose bytes were changed is refused, or decides without harm.
// The first byte says which of the two the rest is.
import Catalog
import Decision
import OpenRTB
import Units

public enum CatalogInvariants {
    static let inputBytesMax = 16_384
    private static let request = GeneratedBidRequests.sample

    /// What is broken by this input, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard let mode = input.first, input.count <= inputBytesMax else { return nil }
        let bytes = Array(input[1...])
        return mode & 1 == 0 ? read(bytes) : changed(bytes, isSealed: mode & 2 != 0)
    }

    /// The bytes as a file beside the supply of the demo, so that references have something to meet.
    private static func read(_ bytes: [UInt8]) -> String? {
        var reading = CatalogReading()
        reading.add("fuzzed.json", bytes)
        let source: CatalogSource
        do throws(CatalogRefused) {
            source = try reading.finish()
        } catch {
            guard !error.refusals.isEmpty else { return "refused without a reason" }
            for refusal in error.refusals where refusal.description.utf8.contains(0x0A) {
                return "more than a line: \(refusal)"
            }
            return nil
        }
        let compiled: [UInt8]
        do throws(CatalogNotCompiled) {
            compiled = try CatalogCompiler.compile(source)
            guard try CatalogCompiler.compile(source) == compiled else { return "compiled to two catalogs" }
        } catch { return "read and not compiled: \(error.objections)" }
        do throws(SnapshotError) {
            return decide(try CatalogSnapshot(copying: compiled))
        } catch { return "compiled and refused: \(error)" }
    }

    /// Four bytes of the input for each change: where, three bytes, and what stands there then.
    private static func changed(_ changes: [UInt8], isSealed: Bool) -> String? {
        var bytes = FuzzCatalogs.demoBytes
        for at in stride(from: 0, to: changes.count - 3, by: 4) {
            let place = Int(changes[at]) | Int(changes[at + 1]) << 8 | Int(changes[at + 2]) << 16
            bytes[place % bytes.count] = changes[at + 3]
        }
        // With a checksum that is right, everything else must hold by itself.
        if isSealed {
            let checksum = CRC32C.checksum(of: bytes.span.raw.extracting(16..<bytes.count))
            for place in 0..<4 {
                bytes[12 + place] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(place)))
            }
        }
        let snapshot: CatalogSnapshot
        do throws(SnapshotError) { snapshot = try CatalogSnapshot(copying: bytes) } catch { return nil }
        guard isSealed || bytes == FuzzCatalogs.demoBytes else { return "a changed byte was accepted" }
        return decide(snapshot)
    }

    private static func decide(_ snapshot: CatalogSnapshot) -> String? {
        var decider = Decider(snapshot, settings: FuzzCatalogs.settings)
        for request in [FuzzCatalogs.sample, request] {
            do throws(OpenRTBError) {
                let decision = try decider.decide(
                    request.span.raw, at: FuzzCatalogs.now, seed: 1, explains: true)
                guard decision.trace.accounted == snapshot.lineItemCount else {
                    return "\(decision.trace.accounted) of \(snapshot.lineItemCount) line items"
                }
            } catch { return "the sample is refused: \(error)" }
        }
        return nil
    }
}

extension GeneratedBidRequests {
    fileprivate static var sample: [UInt8] {
        var requests = GeneratedBidRequests(lineItems: 600, seed: 8)
        var one = requests.next()
        while one.slots < 6 { one = requests.next() }
        return one.bytes
    }
}
