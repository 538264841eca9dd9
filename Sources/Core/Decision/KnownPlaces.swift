// Which inventory of a catalog an app's bundle or a site's domain is: exchanges call an app or a site by numbers of their own, and
// by its address all of them alike.
internal import Catalog
internal import Units

/// The rows with an address, in the order of their addresses. One that several have tells nothing, and is not here.
struct KnownPlaces: Sendable {
    private let rows: KnownTable<UInt32>

    init(_ snapshot: CatalogSnapshot) {
        var known: [String: [UInt32]] = [:]
        for row in 0..<snapshot.inventoryCount {
            guard let address = snapshot.inventoryAddress(row) else { continue }
            known[Self.key(snapshot.inventoryMedium(row), snapshot.utf8(address)), default: []].append(
                UInt32(row))
        }
        let ordered = known.values.filter { $0.count == 1 }.map { $0[0] }.sorted {
            guard let a = snapshot.inventoryAddress(Int($0)), let b = snapshot.inventoryAddress(Int($1))
            else {
                return false
            }
            let order = Self.order(snapshot.bytes(a), snapshot.bytes(b))
            return order == 0 ? $0 < $1 : order < 0
        }
        rows = KnownTable(ordered.count) { ordered[$0] }
    }

    func deallocate() { rows.deallocate() }

    private static func key(_ medium: Inventory.Medium, _ address: UTF8Span) -> String {
        "\(medium) \(String(copying: address).lowercased())"
    }

    /// The app of this bundle, or the site of this domain.
    func row(_ address: RawSpan, _ medium: Inventory.Medium, _ snapshot: CatalogSnapshot) -> Int? {
        if address.byteCount == 0 { return nil }
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if order(middle, address, snapshot) < 0 { low = middle + 1 } else { high = middle }
        }
        // An app and a site may be called alike.
        while low < rows.count, order(low, address, snapshot) == 0 {
            if snapshot.inventoryMedium(Int(rows[low])) == medium { return Int(rows[low]) }
            low += 1
        }
        return nil
    }

    private func order(_ at: Int, _ address: RawSpan, _ snapshot: CatalogSnapshot) -> Int {
        snapshot.inventoryAddress(Int(rows[at])).map { Self.order(snapshot.bytes($0), address) } ?? -1
    }

    /// Below zero where the first comes before the second; nobody tells domains apart by their case.
    private static func order(_ a: RawSpan, _ b: RawSpan) -> Int {
        for at in 0..<min(a.byteCount, b.byteCount) {
            let (one, other) = (a.byte(at).lower, b.byte(at).lower)
            if one != other { return one < other ? -1 : 1 }
        }
        return a.byteCount - b.byteCount
    }
}
