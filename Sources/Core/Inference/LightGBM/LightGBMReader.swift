// Reads the text that LightGBM saves (versions 2 to 4 of it; LightGBM 4.7 writes `v4`): a head, one block for
// each tree, and the line `end of trees`, behind which is nothing that predictions need.

public enum LightGBMReader {
    /// Whether these are the first bytes of such a model.
    public static func recognises(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: Array("tree\n".utf8)) || bytes.starts(with: Array("tree\r\n".utf8))
    }

    public static func read(_ bytes: [UInt8]) throws(ModelRefused) -> TreeEnsemble {
        var lines = ModelLines(bytes)
        guard let first = lines.next(), first.key == "tree", first.value == nil else {
            throw ModelRefused("line 1", found: "another text", allowed: "'tree', as LightGBM's models start")
        }
        var head = LightGBMHead()
        var line = lines.next()
        while let found = line, found.key != "Tree", found.key != "end of trees" {
            try head.take(found)
            line = lines.next()
        }
        var ensemble = try head.ensemble(line ?? first)
        while let found = line, found.key == "Tree" {
            guard ensemble.trees.count < EnsembleLimits.trees else {
                throw found.refused("more trees", "\(EnsembleLimits.trees)")
            }
            let number = ensemble.trees.count
            guard try found.whole(0...EnsembleLimits.trees) == number else {
                throw found.refused("tree \(found.text.prefix(20))", "\(number), the next one")
            }
            var block = LightGBMBlock(found)
            line = lines.next()
            while let part = line, part.key != "Tree", part.key != "end of trees" {
                try block.take(part)
                line = lines.next()
            }
            do {
                ensemble.trees.append(
                    try block.tree(&ensemble.categorySets, output: number % ensemble.outputCount))
            } catch { throw error.within("tree \(number)") }
        }
        guard let line, line.key == "end of trees" else {
            throw ModelRefused(
                "line \(lines.number)", found: "the end of the file",
                allowed: "'end of trees': it was cut off")
        }
        if let count = head.treeCount, count != ensemble.trees.count {
            throw line.refused("\(ensemble.trees.count) trees", "\(count), as tree_sizes says")
        }
        guard ensemble.trees.count % ensemble.outputCount == 0 else {
            throw line.refused(
                "\(ensemble.trees.count) trees",
                "a multiple of num_tree_per_iteration, \(ensemble.outputCount)")
        }
        if head.isAverage {
            ensemble.transformDivisor = Double(max(ensemble.trees.count / ensemble.outputCount, 1))
        }
        try ensemble.check()
        return ensemble
    }
}

/// What stands before the first tree.
private struct LightGBMHead {
    private var isVersionKnown = false
    private var outputs: Int?
    private var featureMost: Int?
    private var names: [String] = []
    private var transform = OutputTransform.identity
    private(set) var treeCount: Int?
    private(set) var isAverage = false

    mutating func take(_ line: ModelLines.Line) throws(ModelRefused) {
        switch line.key {
        case "version":
            guard ["v2", "v3", "v4"].contains(line.text) else {
                throw line.refused("'\(line.text.prefix(20))'", "v2, v3 or v4")
            }
            isVersionKnown = true
        case "num_tree_per_iteration": outputs = try line.whole(1...EnsembleLimits.outputs)
        case "max_feature_idx": featureMost = try line.whole(0...EnsembleLimits.features - 1)
        case "objective": transform = try LightGBMObjective.transform(line)
        case "average_output": isAverage = true
        case "feature_names": names = line.words.map { String(decoding: $0, as: UTF8.self) }
        case "tree_sizes": treeCount = line.words.count
        // What is left is about training: num_class, label_index, feature_infos, monotone_constraints.
        default: break
        }
    }

    func ensemble(_ line: ModelLines.Line) throws(ModelRefused) -> TreeEnsemble {
        func needed<Value>(_ value: Value?, _ key: String) throws(ModelRefused) -> Value {
            guard let value else {
                throw ModelRefused("line \(line.number)", found: "no \(key) before it", allowed: "\(key)=…")
            }
            return value
        }
        _ = try needed(isVersionKnown ? true : nil, "version")
        let features = try needed(featureMost, "max_feature_idx") + 1
        var ensemble = TreeEnsemble(
            format: .lightGBM, featureCount: features, inputs: .double, sums: .double,
            outputCount: try needed(outputs, "num_tree_per_iteration"))
        guard names.isEmpty || names.count == features else {
            throw ModelRefused(
                "feature_names", found: "\(names.count)", allowed: "\(features), as max_feature_idx says")
        }
        ensemble.tinyIsZero = true
        ensemble.featureNames = names
        ensemble.transform = transform
        return ensemble
    }
}
