// The balances on disk, beside the journals that they spare a start to read. The one before stays beside the newest:
// what is damaged on disk is not the last that is known of money.
import Commands
import Glibc
import Kernel
import Ledger
import Units

struct BalancesFile: Sendable {
    private let path: String
    private var former: String { "\(path).before" }
    private var last: [UInt8]?

    /// A million open reservations take 50 MB.
    private static let bytesMost = 1 << 30

    /// In the directory of a node's journals.
    init(in directory: String) { path = "\(directory)/balances" }

    /// The newest that can be read, and why a newer one cannot be. Nothing where there is none yet.
    mutating func read() throws(Failure) -> (balances: Balances, trouble: String?) {
        var trouble: String?
        for path in [path, former] {
            do {
                let bytes = try Kernel.contents(of: path, limit: Self.bytesMost)
                let balances = try Balances(bytes.span.raw)
                last = bytes
                return (balances, trouble)
            } catch let failure as FileFailure where failure.cause == Errno(ENOENT) {
                continue
            } catch {
                trouble = trouble ?? "\(path): \(error)"
            }
        }
        guard let trouble else { return (Balances(), nil) }
        throw Failure(
            "\(trouble)\nNothing is known of the money whose journals have gone. Put \(path) back from a copy; "
                + "only if none of it matters, remove it and \(former).")
    }

    mutating func write(_ balances: Balances) throws(FileFailure) {
        let bytes = balances.encoded()
        if let last { try Kernel.replace(former, with: last) }
        try Kernel.replace(path, with: bytes)
        last = bytes
    }
}
