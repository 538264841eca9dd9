// Which inventory of a catalog an app's bundle or a site's domain is: exchanges call an app or a site by numbers of their own, and
// by its address all of them alike.
internal import Catalog
internal import Units

/// The rows with an address, in the order of their addresses. One that several have tells nothing, and is not here.
struct KnownPlaces: Sendable {
    private let rows: KnownTable<UInt32>

    init(_ snapshot: CatalogSnapshot) {
        func order(_ one: Int, _ other: Int) -> Int {
            guard let address = snapshot.inventoryAddress(other) else { return -1 }
            return Self.order(one, snapshot.bytes(address), snapshot.inventoryMedium(other), snapshot)
        }
        let all = (0..<snapshot.inventoryCount).filter { snapshot.inventoryAddress($0) != nil }
            .sorted { order($0, $1) < 0 }
        let own = all.indices.filter { at in
            (at == 0 || order(all[at - 1], all[at]) != 0)
                && (at + 1 == all.count || order(all[at], all[at + 1]) != 0)
        }
        rows = KnownTable(own.count) { UInt32(all[own[$0]]) }
    }

    func deallocate() { rows.deallocate() }

    /// The app of this bundle, or the site of this domain.
    func row(_ address: RawSpan, _ medium: Inventory.Medium, _ snapshot: CatalogSnapshot) -> Int? {
        if address.byteCount == 0 { return nil }
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            let order = Self.order(Int(rows[middle]), address, medium, snapshot)
            if order == 0 { return Int(rows[middle]) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// Below zero where the row comes before the place; nobody tells domains apart by their case.
    private static func order(
        _ row: Int, _ address: RawSpan, _ medium: Inventory.Medium, _ snapshot: CatalogSnapshot
    ) -> Int {
        guard let text = snapshot.inventoryAddress(row) else { return -1 }
        let own = snapshot.bytes(text)
        for at in 0..<min(own.byteCount, address.byteCount) {
            let (one, other) = (own.byte(at).lower, address.byte(at).lower)
            if one != other { return one < other ? -1 : 1 }
        }
        if own.byteCount != address.byteCount { return own.byteCount - address.byteCount }
        return rank(snapshot.inventoryMedium(row)) - rank(medium)
    }

    /// An app and a site may be called alike.
    private static func rank(_ medium: Inventory.Medium) -> Int {
        switch medium {
        case .app: 0
        case .site: 1
        case .channel: 2
        }
    }
}
