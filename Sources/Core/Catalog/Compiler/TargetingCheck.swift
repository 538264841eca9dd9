// Whether every line item's expression has a normal form, before anything is compiled of it.

extension CatalogSource {
    var targetingObjections: [CatalogObjection] {
        var objections: [CatalogObjection] = []
        for (index, item) in lineItems.enumerated() {
            var numbers: [String: UInt32] = [:]
            do {
                _ = try NormalForm.of(item.expression) { dimension, name in
                    let key = dimension.spelling(of: name)
                    return numbers[key]
                        ?? {
                            let number = UInt32(numbers.count)
                            numbers[key] = number
                            return number
                        }()
                }
            } catch {
                objections.append(
                    CatalogObjection(
                        .lineItems, index, "targeting", found: error.found, allowed: error.allowed))
            }
        }
        return objections
    }
}

extension Dimension {
    /// A value as it is compared: in lower case where case says nothing.
    func spelling(of value: String) -> String {
        guard ignoresCase else { return value }
        return String(decoding: value.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
