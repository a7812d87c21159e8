"""The recipe of each network, by the network's name."""

from __future__ import annotations

from vidcolor.model.recipes.colorful import ColorfulRecipe
from vidcolor.model.recipes.film import FilmRecipe
from vidcolor.model.recipes.published import PublishedRecipe
from vidcolor.model.recipes.recipe import Recipe
from vidcolor.model.recipes.regression import ColorNetRecipe, RecolorRecipe
from vidcolor.model.training.config import TrainConfig

RECIPES: dict[str, type[FilmRecipe | PublishedRecipe | ColorfulRecipe | RecolorRecipe | ColorNetRecipe]] = {
    "gray2color-film": FilmRecipe,
    "gray2color": PublishedRecipe,
    "colorful": ColorfulRecipe,
    "recolor": RecolorRecipe,
    "colornet": ColorNetRecipe,
}


def follows_references(config: TrainConfig) -> bool:
    """Whether the network that ``config.network`` asks for does."""
    return RECIPES[config.network.name].references


def choose_recipe(config: TrainConfig) -> Recipe:
    """The recipe that ``config.network`` asks for, its network newly built."""
    return RECIPES[config.network.name](config)
