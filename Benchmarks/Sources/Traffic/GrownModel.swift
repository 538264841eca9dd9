// Trees that nobody trained, as large as those that somebody would: seeded, with every leaf at the end of splits on
// features drawn at random.
import Foundation
public import Inference
import Units

public enum GrownModel {
    /// A LightGBM model of classification whose predictions lie around a tenth.
    public static func model(trees: Int, leaves: Int, _ features: [String], seed: UInt64) throws -> Model {
        let text = text(trees: trees, leaves: leaves, features, seed: seed)
        return try Model(copying: ModelCompiler.compile(ModelReader.read(Array(text.utf8))))
    }

    /// As LightGBM would save it.
    public static func text(trees: Int, leaves: Int, _ features: [String], seed: UInt64) -> String {
        var random = SplitMix64(state: seed &+ 17)
        let blocks = (0..<trees).map { tree($0, leaves, features.count, &random) }
        return """
            tree
            version=v4
            num_class=1
            num_tree_per_iteration=1
            label_index=0
            max_feature_idx=\(features.count - 1)
            objective=binary sigmoid:1
            feature_names=\(features.joined(separator: " "))
            feature_infos=\(features.map { _ in "[0:100]" }.joined(separator: " "))
            tree_sizes=\(blocks.map { "\($0.utf8.count)" }.joined(separator: " "))

            \(blocks.joined(separator: "\n"))
            end of trees

            """
    }

    /// Grown leaf by leaf, as LightGBM grows: some leaf becomes a split of two.
    private static func tree(_ number: Int, _ leaves: Int, _ features: Int, _ random: inout SplitMix64)
        -> String
    {
        var (left, right) = ([Int](), [Int]())
        // Where each leaf hangs: a node and a side.
        var places: [(node: Int, isLeft: Bool)] = []
        for node in 0..<leaves - 1 {
            if node > 0 {
                let place = Int(random.next() % UInt64(places.count))
                let (parent, isLeft) = places.remove(at: place)
                if isLeft { left[parent] = node } else { right[parent] = node }
            }
            left.append(0)
            right.append(0)
            places += [(node, true), (node, false)]
        }
        for (leaf, place) in places.enumerated() {
            if place.isLeft { left[place.node] = -1 - leaf } else { right[place.node] = -1 - leaf }
        }
        func numbers(_ count: Int, _ value: () -> String) -> String {
            (0..<count).map { _ in value() }.joined(separator: " ")
        }
        let inner = leaves - 1
        let ones = numbers(leaves) { "1" }
        return """
            Tree=\(number)
            num_leaves=\(leaves)
            num_cat=0
            split_feature=\(numbers(inner) { "\(random.next() % UInt64(features))" })
            split_gain=\(numbers(inner) { "1" })
            threshold=\(numbers(inner) { "\(Double(random.next() % 100) / 10 + 0.05)" })
            decision_type=\(numbers(inner) { "2" })
            left_child=\(left.map { "\($0)" }.joined(separator: " "))
            right_child=\(right.map { "\($0)" }.joined(separator: " "))
            leaf_value=\(numbers(leaves) { "\(Double(random.next() % 1_000) / 10_000 - 0.07)" })
            leaf_weight=\(ones)
            leaf_count=\(ones)
            internal_value=\(numbers(inner) { "0" })
            internal_weight=\(numbers(inner) { "2" })
            internal_count=\(numbers(inner) { "2" })
            is_linear=0
            shrinkage=1

            """
    }
}
