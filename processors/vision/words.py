"""Words that people use, for the classes that the networks were trained on.

The detector knows the 80 things of COCO, the classifier the 1,000 classes of ImageNet, most of which nobody would say:
118 breeds of dogs, parts of machines, clothes. A word stands for a group of classes, and its probability is the sum of
theirs, so a dog whose breed is unclear is still surely a dog. Classes without a word are never named.
"""

from __future__ import annotations

from typing import Final

# Words for how a picture looks, not for what is in it.
MEASURED: Final = frozenset({"dark", "bright", "colourful", "black and white", "moving", "still", "frozen"})

# COCO's order of things. Empty: never named, since on pictures like ours it was a guess more often than not.
DETECTED: Final = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light"),
    *("fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow"),
    *("elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee"),
    *("skis", "snowboard", "ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard"),
    *("tennis racket", "bottle", "glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich"),
    *("orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "sofa", "plant", "bed", "table"),
    *("toilet", "screen", "laptop", "mouse", "remote control", "keyboard", "phone", "microwave", "oven", "toaster"),
    *("sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair dryer", "toothbrush"),
)

# Word -> classes of ImageNet, first and last of a row of them. The names of the classes lie beside the network.
CLASSIFIED: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    # animals
    "fish": ((0, 6), (389, 397)),
    "bird": ((7, 24), (80, 100), (127, 146)),
    "frog": ((30, 32),),
    "turtle": ((33, 37),),
    "lizard": ((38, 48),),
    "crocodile": ((49, 50),),
    "snake": ((52, 68),),
    "spider": ((72, 77),),
    "crab": ((118, 121), (125, 125)),
    "whale": ((147, 148),),
    "seal": ((150, 150),),
    "dog": ((151, 268),),
    "wolf": ((269, 271),),
    "fox": ((277, 280),),
    "cat": ((281, 285),),
    "big cat": ((286, 293),),
    "bear": ((294, 297),),
    "insect": ((300, 320),),
    "butterfly": ((321, 326),),
    "rabbit": ((330, 332),),
    "squirrel": ((335, 335),),
    "horse": ((339, 339), (603, 603)),
    "zebra": ((340, 340),),
    "pig": ((341, 343),),
    "cow": ((345, 346),),
    "sheep": ((348, 349),),
    "antelope": ((351, 353),),
    "camel": ((354, 355),),
    "monkey": ((365, 384),),
    "elephant": ((101, 101), (385, 386)),
    "panda": ((387, 388),),
    # vehicles; a wheel or a grille that fills the picture is a car
    "car": (
        *((436, 436), (468, 468), (479, 479), (511, 511), (581, 581), (609, 609), (627, 627), (656, 656)),
        *((661, 661), (717, 717), (751, 751), (817, 817)),
    ),
    "truck": ((555, 555), (569, 569), (675, 675), (864, 864), (867, 867)),
    "bus": ((654, 654), (779, 779), (874, 874)),
    "train": ((466, 466), (547, 547), (565, 565), (705, 705), (820, 820), (829, 829)),
    "motorcycle": ((665, 665), (670, 670)),
    "bicycle": ((444, 444), (671, 671)),
    "airplane": ((404, 404), (895, 895), (908, 908)),
    "boat": (
        *((403, 403), (472, 472), (484, 484), (510, 510), (554, 554), (576, 576), (625, 625), (628, 628)),
        *((724, 724), (780, 780), (814, 814), (871, 871), (914, 914)),
    ),
    "rocket": ((657, 657), (744, 744), (812, 812)),
    "tractor": ((595, 595), (856, 856), (866, 866)),
    # places
    "mountain": ((970, 970), (972, 972), (980, 980)),
    "valley": ((979, 979),),
    "coast": ((460, 460), (975, 978)),
    "reef": ((973, 973),),
    "field": ((958, 958), (984, 984)),
    "historic building": (
        *((406, 406), (442, 442), (483, 483), (497, 497), (663, 663), (668, 668), (698, 698), (832, 832)),
        (873, 873),
    ),
    "bridge": ((821, 821), (839, 839), (888, 888)),
    "stage": ((818, 819), (854, 854)),
    "street": ((704, 704), (919, 920)),
    "shop": ((415, 415), (454, 454), (467, 467), (509, 509), (582, 582), (788, 788), (860, 860), (865, 865)),
    "restaurant": ((762, 762),),
    "books": ((453, 453), (624, 624)),
    "kitchen": ((534, 534), (651, 651), (760, 760), (827, 827)),
    "bathroom": ((435, 435), (861, 861), (876, 876), (896, 896)),
    # things
    "document": ((916, 916), (918, 918), (922, 922)),
    "comic": ((917, 917),),
    "computer": ((508, 508), (527, 527), (620, 620), (664, 664), (681, 681)),
    "screen": ((548, 548), (598, 598), (782, 782), (851, 851)),
    "phone": ((487, 487), (528, 528)),
    "camera": ((732, 732), (759, 759), (872, 872)),
    "clock": ((409, 409), (530, 530), (892, 892)),
    "musical instrument": (
        *((401, 402), (420, 420), (432, 432), (486, 486), (513, 513), (541, 541), (546, 546), (558, 558)),
        *((566, 566), (579, 579), (593, 594), (683, 683), (687, 687), (776, 776), (875, 875), (881, 881)),
        (889, 889),
    ),
    "ball": ((429, 430), (574, 574), (768, 768), (805, 805), (852, 852), (890, 890)),
    "flower": ((985, 986),),
    "mushroom": ((947, 947), (991, 997)),
    "fruit": ((948, 957),),
    "vegetable": ((936, 946),),
    "food": ((924, 935), (959, 960), (962, 965)),
    "coffee": ((504, 505), (967, 967)),
}
# What the networks may say; whoever sees more than they do says it better.
GUESSED: Final = frozenset({*DETECTED, *CLASSIFIED})
